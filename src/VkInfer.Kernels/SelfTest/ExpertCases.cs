using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of mixtures of experts.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ExpertCases
{
    private const int Experts = 5;
    private const int Used = 2;
    private const int Tokens = 2;
    private const int Columns = 512;

    // Sums of 512 products in float32.
    private const double Exact = 1e-3;

    private static readonly uint[] Chosen = [4, 0, 1, 3];

    /// <summary>The feed-forward layers of the experts that tokens go to: gated, and back to the width of the residual stream.</summary>
    /// <param name="context">The device.</param>
    /// <param name="type">The weights' format.</param>
    public static SelfTestCase Products(KernelContext context, WeightType type)
    {
        ArgumentNullException.ThrowIfNull(context);
        string name = WeightFormat.Of(type).Name;
        return new(
            context.For("expert").SpreadOf("expert"), name, (bench, commands) =>
            {
                Gated(bench, commands, type);
                Down(bench, commands, type);
            },
            $"expert_{name}");
    }

    /// <summary>The choice of experts, and the sum of what they give.</summary>
    /// <param name="context">The device.</param>
    public static IEnumerable<SelfTestCase> Routing(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        yield return new(context.For("route").SpreadOf("route"), "", Route, "route");
        yield return new(context.For("combine").SpreadOf("combine"), "", Combine, "combine");
    }

    private static void Gated(SelfTestBench bench, CommandList commands, WeightType type)
    {
        const int Width = 19;
        (WeightMatrix w, float[] values) = bench.Weights(type, 2 * Experts * Width, Columns);
        float[] x = bench.Values(Tokens * Columns);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, Tokens * Used, Width));
        new ExpertKernel(bench.Context).RecordGated(
            commands, w, bench.UploadRows(x, Tokens, Columns, ActivationType.F32), bench.Upload<uint>(Chosen), y, Tokens, Experts, Used,
            ActivationFunction.Silu);
        bench.Expect(
            y, ActivationType.F32, Width,
            [
                .. from slot in Enumerable.Range(0, Tokens * Used)
                   let input = x.AsMemory(slot / Used * Columns, Columns)
                   from i in Enumerable.Range(0, Width)
                   let gate = Dot(values, ((int)Chosen[slot] * Width) + i, input.Span)
                   let up = Dot(values, ((Experts + (int)Chosen[slot]) * Width) + i, input.Span)
                   select References.Activate(ActivationFunction.Silu, gate) * up,
            ],
            Exact);
    }

    private static void Down(SelfTestBench bench, CommandList commands, WeightType type)
    {
        const int Width = 23;
        (WeightMatrix w, float[] values) = bench.Weights(type, Experts * Width, Columns);
        float[] x = bench.Values(Tokens * Used * Columns);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, Tokens * Used, Width));
        new ExpertKernel(bench.Context).RecordDown(
            commands, w, bench.UploadRows(x, Tokens * Used, Columns, ActivationType.F32), bench.Upload<uint>(Chosen), y, Tokens, Experts,
            Used);
        bench.Expect(
            y, ActivationType.F32, Width,
            [
                .. from slot in Enumerable.Range(0, Tokens * Used)
                   from i in Enumerable.Range(0, Width)
                   select Dot(values, ((int)Chosen[slot] * Width) + i, x.AsSpan(slot * Columns, Columns)),
            ],
            Exact);
    }

    private static void Route(SelfTestBench bench, CommandList commands)
    {
        const int Many = 70;
        const int Best = 67;
        const int Second = 3;
        float[] logits = bench.Values(Many);
        (logits[Best], logits[Second]) = (3, 2);
        GpuBuffer chosen = bench.Output(commands, Used * sizeof(uint));
        GpuBuffer weights = bench.Output(commands, Used * sizeof(float));
        new RouteKernel(bench.Context).Record(
            commands, bench.UploadRows(logits, 1, Many, ActivationType.F32), chosen, weights, 1, Many, Used);
        bench.ExpectWord(chosen, Best);
        bench.ExpectWord(new BufferView(chosen, sizeof(uint), sizeof(uint)), Second);
        double second = 1 / (1 + Math.E);
        bench.ExpectDense(weights, ActivationType.F32, [1 - second, second], Exact);
    }

    private static void Combine(SelfTestBench bench, CommandList commands)
    {
        const int Width = 200;
        (float[] outputs, float[] weights, float[] before) =
            (bench.Values(Tokens * Used * Width), bench.Values(Tokens * Used), bench.Values(Tokens * Width));
        GpuBuffer y = bench.UploadRows(before, Tokens, Width, ActivationType.F32);
        new CombineKernel(bench.Context).Record(
            commands, bench.UploadRows(outputs, Tokens * Used, Width, ActivationType.F32), bench.Upload<float>(weights), y, Tokens, Used,
            Width);
        bench.Expect(
            y, ActivationType.F32, Width,
            [
                .. Enumerable.Range(0, Tokens * Width).Select(i => before[i] + Enumerable.Range(0, Used).Sum(
                    slot => (double)weights[(i / Width * Used) + slot] * outputs[(((i / Width * Used) + slot) * Width) + (i % Width)])),
            ],
            Exact);
    }

    private static double Dot(float[] values, int row, ReadOnlySpan<float> x)
    {
        double sum = 0;
        for (int k = 0; k < Columns; k++)
        {
            sum += (double)values[(row * Columns) + k] * x[k];
        }

        return sum;
    }
}
