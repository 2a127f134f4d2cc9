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

    // float16 rounds each factor, and what the gated product leaves.
    private const double Half = 4e-3;

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

    /// <summary>The same of one token, whose experts' last products are one sum.</summary>
    /// <param name="context">The device.</param>
    /// <param name="type">The weights' format.</param>
    public static SelfTestCase Vector(KernelContext context, WeightType type)
    {
        ArgumentNullException.ThrowIfNull(context);
        (string form, string feature) = LinearCases.VectorFormName(context, type);
        string name = WeightFormat.Of(type).Name;
        return new(
            form, "experts", (bench, commands) => OfOneToken(bench, commands, type), $"gemv_gated_{name}{feature}",
            $"gemv_store_{name}{feature}");
    }

    /// <summary>The products of so many tokens that are grouped by their experts; none where they are not.</summary>
    /// <param name="context">The device.</param>
    /// <param name="gateUp">Format of the experts' first weights.</param>
    /// <param name="down">Format of their last.</param>
    /// <param name="input">How activations are stored.</param>
    /// <param name="seqLen">Tokens.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="used">How many a token goes to.</param>
    /// <param name="rows">Rows of an expert's first weights.</param>
    /// <param name="columns">Their columns.</param>
    public static IEnumerable<SelfTestCase> Grouped(
        KernelContext context, WeightType gateUp, WeightType down, ActivationType input, int seqLen, int experts, int used, int rows,
        int columns)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (GroupedHeuristic.Pays(seqLen * used, experts)
            && new GroupedGemmKernel(context).Tiling(gateUp, down, input, seqLen * used, experts, rows, columns) is { } tiling)
        {
            string name = GemmCandidates.Name(tiling) + $" {tiling.BlockM}";
            yield return new(
                GroupedGemmKernel.FormOf(gateUp, tiling), "gated " + name,
                (bench, commands) => GroupedGated(bench, commands, gateUp, tiling),
                "group", GemmKernel.Variant(gateUp, tiling, tiling.Input));
            yield return new(
                GroupedGemmKernel.FormOf(down, tiling), "down " + name,
                (bench, commands) => GroupedDown(bench, commands, down, tiling), "group", GemmKernel.Variant(down, tiling, ActivationType.F32));
        }
    }

    /// <summary>The sum of what a token's experts give.</summary>
    /// <param name="context">The device.</param>
    public static SelfTestCase Combined(KernelContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(context.For("combine").SpreadOf("combine"), "", Combine, "combine");
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

    private static void OfOneToken(SelfTestBench bench, CommandList commands, WeightType type)
    {
        const int Width = 19;
        const int Rows = 23;
        (WeightMatrix gateUp, float[] first) = bench.Weights(type, 2 * Experts * Width, Columns);
        (WeightMatrix down, float[] last) = bench.Weights(type, Experts * Rows, Columns);
        (float[] x, float[] gain, float[] weights) = (bench.Values(Columns), bench.Values(Columns), bench.Values(Used));
        (float[] middle, float[] middleGain, float[] before) = (
            bench.Values(Used * Columns), bench.Values(Used * Columns), bench.Values(Rows));
        var choice = new ExpertChoice(bench.Upload<uint>(Chosen.AsSpan(0, Used)), bench.Upload<float>(weights), Experts, Used);
        int stride = Activations.Stride(Width);
        GpuBuffer gated = bench.Output(commands, VectorInput.SizeInBytes(VectorForm.Float, Used * stride));
        GpuBuffer y = bench.Upload<float>(before);
        var kernel = new GemvKernel(bench.Context);
        kernel.RecordExpertsGated(
            commands, gateUp, LinearCases.Input(bench, commands, type, x, gain), new VectorOutput(gated, VectorForm.Float), choice,
            ActivationFunction.Silu);
        kernel.RecordExpertsDown(
            commands, down, LinearCases.Input(bench, commands, type, middle, middleGain), y, GemvMode.Accumulate, choice);
        double[] normed = References.Norm(x, gain, null, LinearCases.Epsilon);
        double[] normedMiddle = References.Norm(middle, middleGain, null, LinearCases.Epsilon);
        bench.Expect(
            gated, ActivationType.F32, Width,
            [
                .. from slot in Enumerable.Range(0, Used)
                   from i in Enumerable.Range(0, Width)
                   let gate = Dot(first, ((int)Chosen[slot] * Width) + i, normed)
                   let up = Dot(first, ((Experts + (int)Chosen[slot]) * Width) + i, normed)
                   select References.Activate(ActivationFunction.Silu, gate) * up,
            ],
            Exact);
        bench.ExpectDense(
            y, ActivationType.F32,
            [
                .. before.Select((old, i) => old + Enumerable.Range(0, Used).Sum(
                    slot => weights[slot] * Dot(last, ((int)Chosen[slot] * Rows) + i, normedMiddle.AsSpan(slot * Columns, Columns)))),
            ],
            Exact);
    }

    private static void GroupedGated(SelfTestBench bench, CommandList commands, WeightType type, IGroupedGemmTiling tiling)
    {
        const int Width = 19;
        (WeightMatrix w, float[] values) = bench.Weights(type, 2 * Experts * Width, Columns);
        (ExpertGrouping grouping, ExpertGroups groups, uint[] chosen) = Groups(bench, commands, tiling);
        float[] x = SelfTestBench.Rounded(bench.Values(grouping.SeqLen * Columns));
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(tiling.Input, chosen.Length, Width));
        new GroupedGemmKernel(bench.Context).RecordGated(
            commands, grouping, groups, w, bench.UploadRows(x, grouping.SeqLen, Columns, tiling.Input), y, ActivationFunction.Silu);
        bench.Expect(
            y, tiling.Input, Width,
            [
                .. from slot in Enumerable.Range(0, chosen.Length)
                   let input = x.AsMemory(slot / Used * Columns, Columns)
                   from i in Enumerable.Range(0, Width)
                   let gate = Dot(values, ((int)chosen[slot] * Width) + i, input.Span)
                   let up = Dot(values, ((Experts + (int)chosen[slot]) * Width) + i, input.Span)
                   select References.Activate(ActivationFunction.Silu, gate) * up,
            ],
            ToleranceOf(tiling));
    }

    private static void GroupedDown(SelfTestBench bench, CommandList commands, WeightType type, IGroupedGemmTiling tiling)
    {
        const int Width = 70;
        (WeightMatrix w, float[] values) = bench.Weights(type, Experts * Width, Columns);
        (ExpertGrouping grouping, ExpertGroups groups, uint[] chosen) = Groups(bench, commands, tiling);
        float[] x = SelfTestBench.Rounded(bench.Values(chosen.Length * Columns));
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, chosen.Length, Width));
        new GroupedGemmKernel(bench.Context).RecordDown(
            commands, grouping, groups, w, bench.UploadRows(x, chosen.Length, Columns, tiling.Input), y);
        bench.Expect(
            y, ActivationType.F32, Width,
            [
                .. from slot in Enumerable.Range(0, chosen.Length)
                   from i in Enumerable.Range(0, Width)
                   select Dot(values, ((int)chosen[slot] * Width) + i, x.AsSpan(slot * Columns, Columns)),
            ],
            ToleranceOf(tiling));
    }

    /// <summary>A choice that fills a tile and begins another, beside experts with few tokens and one with none.</summary>
    private static (ExpertGrouping Grouping, ExpertGroups Groups, uint[] Chosen) Groups(
        SelfTestBench bench, CommandList commands, IGroupedGemmTiling tiling)
    {
        int tokens = tiling.BlockM + 3;
        uint[] chosen = [.. Enumerable.Range(0, tokens).SelectMany(token => new[] { 2u, token < 3 ? 0u : token == 3 ? 4u : 1u })];
        var groups = new ExpertGroups(
            bench.Output(commands, ExpertGroups.OrderBytes(chosen.Length)), bench.Output(commands, ExpertGroups.TileBytes(chosen.Length)));
        var grouping = new ExpertGrouping(tiling, tokens, Experts, Used);
        new GroupedGemmKernel(bench.Context).RecordGroups(commands, grouping, bench.Upload<uint>(chosen), groups);
        return (grouping, groups, chosen);
    }

    private static double ToleranceOf(IGroupedGemmTiling tiling) => tiling.Input == ActivationType.F16 ? Half : Exact;

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

    private static double Dot(float[] values, int row, ReadOnlySpan<double> x)
    {
        double sum = 0;
        for (int k = 0; k < Columns; k++)
        {
            sum += values[(row * Columns) + k] * x[k];
        }

        return sum;
    }
}
