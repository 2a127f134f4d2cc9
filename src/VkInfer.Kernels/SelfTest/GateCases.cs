using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of heads with gates, behind attention and behind mixers with a state.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class GateCases
{
    private const int Heads = 3;
    private const float Epsilon = 1e-5f;

    // Sums of a head in float32; outputs may be float16, which rounds them by up to 2^-11.
    private const double Tolerance = 2e-3;

    /// <summary>x · sigmoid(gate), as behind attention.</summary>
    /// <param name="context">The device.</param>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="output">How rows' outputs are stored.</param>
    /// <param name="form">How the output of one row is.</param>
    public static IEnumerable<SelfTestCase> Sigmoid(KernelContext context, int headDim, ActivationType output, VectorForm form) =>
        Of(context, headDim, output, form, GateKind.Sigmoid, null);

    /// <summary>x · SiLU(gate), as behind Mamba-2 without a norm.</summary>
    /// <inheritdoc cref="Sigmoid"/>
    public static IEnumerable<SelfTestCase> Silu(KernelContext context, int headDim, ActivationType output, VectorForm form) =>
        Of(context, headDim, output, form, GateKind.Silu, null);

    /// <summary>norm(x) · SiLU(gate), or norm(x · SiLU(gate)).</summary>
    /// <param name="context">The device.</param>
    /// <param name="headDim">Elements of a head.</param>
    /// <param name="output">How rows' outputs are stored.</param>
    /// <param name="form">How the output of one row is.</param>
    /// <param name="isOfEachHead">Whether each head has gains of its own.</param>
    /// <param name="isBehindGates">Whether the norm is behind the gates.</param>
    public static IEnumerable<SelfTestCase> Normed(
        KernelContext context, int headDim, ActivationType output, VectorForm form, bool isOfEachHead, bool isBehindGates) =>
        Of(context, headDim, output, form, GateKind.Silu, (isOfEachHead, isBehindGates));

    private static IEnumerable<SelfTestCase> Of(
        KernelContext context, int headDim, ActivationType output, VectorForm form, GateKind kind, (bool OfEach, bool Behind)? norm)
    {
        ArgumentNullException.ThrowIfNull(context);
        string detail = $"{headDim} {kind}{(norm is { } gain ? $" normed {gain}" : "")}";
        bool isFixed = form == VectorForm.Fixed && HeadOutput.CanBeFixed(headDim);
        yield return Case(2, output, VectorForm.Float, Activations.VariantPart(output));
        if (isFixed || output != ActivationType.F32)
        {
            yield return Case(1, ActivationType.F32, isFixed ? form : VectorForm.Float, isFixed ? "fixed" : "f32");
        }

        SelfTestCase Case(int rows, ActivationType type, VectorForm rowForm, string variant) => new(
            context.For("gate_heads").SpreadOf("gate_heads"), $"{detail} {variant}",
            (bench, commands) => Gate(bench, commands, headDim, rows, type, rowForm, kind, norm), $"gate_heads_{variant}");
    }

    private static void Gate(
        SelfTestBench bench, CommandList commands, int headDim, int rows, ActivationType type, VectorForm form, GateKind kind,
        (bool OfEach, bool Behind)? norm)
    {
        int width = Heads * headDim;
        (float[] x, float[] gates) = (bench.Values(rows * width), bench.Values(rows * width));
        float[] gain = bench.Values(norm is { OfEach: true } ? width : headDim);
        GpuBuffer y = bench.Output(
            commands, form == VectorForm.Fixed ? FixedPointVector.SizeInBytes(width) : Activations.SizeInBytes(type, rows, width));
        GpuBuffer input = bench.UploadRows(x, rows, width, ActivationType.F32);
        var factors = new HeadGates(bench.UploadRows(gates, rows, width, ActivationType.F32), width, 0, headDim);
        var output = new HeadOutput(y, type, form);
        var kernel = new GateHeadsKernel(bench.Context);
        if (norm is { } how)
        {
            var gains = new HeadGain(bench.Upload<float>(gain), how.OfEach, how.Behind);
            kernel.RecordNormed(commands, input, factors, output, rows, Heads, headDim, gains, Epsilon);
        }
        else if (kind == GateKind.Sigmoid)
        {
            kernel.RecordSigmoid(commands, input, factors, output, rows, Heads, headDim);
        }
        else
        {
            kernel.RecordSilu(commands, input, factors, output, rows, Heads, headDim);
        }

        double[] expected = Reference(x, gates, headDim, kind, norm is null ? null : gain, norm is { Behind: true });
        if (form == VectorForm.Fixed)
        {
            bench.ExpectFixed(y, expected, Tolerance);
        }
        else
        {
            bench.Expect(y, type, width, expected, Tolerance);
        }
    }

    private static double[] Reference(float[] x, float[] gates, int headDim, GateKind kind, float[]? gain, bool isBehind)
    {
        double[] result = new double[x.Length];
        for (int first = 0; first < x.Length; first += headDim)
        {
            double[] gated = [.. Enumerable.Range(first, headDim).Select(
                i => x[i] * (kind == GateKind.Sigmoid ? 1 : gates[i]) / (1 + Math.Exp(-gates[i])))];
            double squares = isBehind
                ? gated.Average(value => value * value)
                : x.AsSpan(first, headDim).ToArray().Average(value => (double)value * value);
            for (int i = 0; i < headDim; i++)
            {
                result[first + i] = gain is null
                    ? gated[i]
                    : gated[i] * gain[(first + i) % gain.Length] / Math.Sqrt(squares + Epsilon);
            }
        }

        return result;
    }
}
