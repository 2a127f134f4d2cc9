using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Whether dispatches that wait for each other by counters compute what they should: more workgroups than a device runs at a time, each
/// link adding to what the one before wrote.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ChainCases
{
    /// <summary>The form: without it, barriers stand between dispatches.</summary>
    public const string Form = "dispatch_chain";

    private const int Rows = 4096;
    private const int Columns = 256;
    private const int Links = 24;

    /// <summary>Sums of as many products in float32, of inputs in fixed point of 16 bits; a link that is lost is a part of 24.</summary>
    private const double Tolerance = 1e-3;

    /// <summary>A chain of products with weights of a format whose x is in fixed point.</summary>
    /// <param name="type">The weights' format.</param>
    public static SelfTestCase Products(WeightType type) => new(
        Form, "", (bench, commands) => Record(bench, commands, type), $"gemv_store_{WeightFormat.Of(type).Name}_dot");

    private static void Record(SelfTestBench bench, CommandList commands, WeightType type)
    {
        (WeightMatrix w, float[] values) = bench.Weights(type, Rows, Columns);
        (float[] x, float[] gain, float[] before) = (bench.Values(Columns), bench.Values(Columns), bench.Values(Rows));
        VectorInput input = LinearCases.Input(bench, commands, type, x, gain);
        GpuBuffer y = bench.Upload<float>(before);
        DispatchChain chain = bench.Own(new DispatchChain(bench.Context.Device));
        commands.BeginChain(chain);
        var kernel = new GemvKernel(bench.Context);
        for (int link = 0; link < Links; link++)
        {
            kernel.Record(commands, w, input, y, GemvMode.Accumulate);
        }

        double[] sums = References.Multiply(values, References.Norm(x, gain, null, LinearCases.Epsilon), Rows, Columns);
        bench.ExpectDense(y, ActivationType.F32, [.. sums.Zip(before, (sum, value) => (Links * sum) + value)], Tolerance);
        bench.Expect(() => chain.HasFailed ? "a dispatch waited in vain for the one before it" : null);
    }
}
