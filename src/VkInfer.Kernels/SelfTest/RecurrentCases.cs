using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Cases of mixers with a state, each for the one row of a decode step and for a run of rows: outputs, and the state that they leave.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class RecurrentCases
{
    private const int RunRows = 5;
    private static readonly int[] RowOrRun = [1, RunRows];

    // Sums of some hundred products in float32, carried on over a few rows.
    private const double Tolerance = 2e-3;

    /// <summary>A short convolution.</summary>
    /// <param name="context">The device.</param>
    /// <param name="shape">A layer's.</param>
    /// <param name="isBiased">Whether it has biases.</param>
    public static IEnumerable<SelfTestCase> ShortConv(KernelContext context, ShortConvShape shape, bool isBiased)
    {
        ShortConvShape small = shape with { Channels = Math.Min(shape.Channels, 70) };
        string detail = $"{shape.Taps}{(shape.IsGated ? " gated" : "")}{(isBiased ? " biased" : "")}";
        return OfBoth(
            context, "short_conv", detail, (bench, commands, rows) => ShortConv(bench, commands, small, isBiased, rows));
    }

    /// <summary>The gated delta rule.</summary>
    /// <param name="context">The device.</param>
    /// <param name="shape">A layer's.</param>
    public static IEnumerable<SelfTestCase> GatedDelta(KernelContext context, GatedDeltaShape shape)
    {
        // Two heads of keys with all their heads of values.
        int perKey = shape.ValueHeads / shape.KeyHeads;
        int keyHeads = Math.Min(shape.KeyHeads, 2);
        GatedDeltaShape small = shape with { KeyHeads = keyHeads, ValueHeads = keyHeads * perKey };
        return OfBoth(
            context, "gated_delta", $"{small}", (bench, commands, rows) => GatedDelta(bench, commands, small, rows));
    }

    /// <summary>Mamba-2.</summary>
    /// <param name="context">The device.</param>
    /// <param name="shape">A layer's.</param>
    public static IEnumerable<SelfTestCase> Mamba2(KernelContext context, Mamba2Shape shape)
    {
        Mamba2Shape small = shape with { Heads = 4, Groups = Math.Min(shape.Groups, 2) };
        return OfBoth(context, "mamba2", $"{small}", (bench, commands, rows) => Mamba2(bench, commands, small, rows));
    }

    private static IEnumerable<SelfTestCase> OfBoth(
        KernelContext context, string kernel, string detail, Action<SelfTestBench, CommandList, int> record)
    {
        ArgumentNullException.ThrowIfNull(context);
        return RowOrRun.Select(rows => new SelfTestCase(
            context.For(kernel).SpreadOf(kernel), $"{detail} {(rows == 1 ? "row" : "run")}",
            (bench, commands) => record(bench, commands, rows), kernel));
    }

    private static void ShortConv(SelfTestBench bench, CommandList commands, ShortConvShape shape, bool isBiased, int rows)
    {
        (float[] x, float[] weights) = (bench.Values(rows * shape.InputWidth), bench.Values(shape.Channels * shape.Taps));
        float[]? bias = isBiased ? bench.Values(shape.Channels) : null;
        var state = new State(bench, commands, shape.StateFloats, rows);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, rows, shape.Channels));
        new ShortConvKernel(bench.Context).Record(
            commands, shape, bench.UploadRows(x, rows, shape.InputWidth, ActivationType.F32), shape.InputWidth,
            bench.Upload<float>(weights), y, rows, state.Source, state.Layer,
            bias is null ? null : (BufferView)bench.Upload<float>(bias));
        bench.Expect(
            y, ActivationType.F32, shape.Channels, RecurrentReferences.Convolve(shape, x, weights, bias, state.Values), Tolerance);
        state.Expect(bench);
    }

    private static void GatedDelta(SelfTestBench bench, CommandList commands, GatedDeltaShape shape, int rows)
    {
        (float[] qkv, float[] rates) = (bench.Values(rows * shape.InputWidth), bench.Values(rows * shape.RateWidth));
        float[] decay = [.. bench.Values(shape.ValueHeads).Select(value => -MathF.Exp(value - 2))];
        float[] shift = bench.Values(shape.ValueHeads);
        var state = new State(bench, commands, shape.StateFloats, rows);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, rows, shape.ValueWidth));
        new GatedDeltaKernel(bench.Context).Record(
            commands, shape, bench.UploadRows(qkv, rows, shape.InputWidth, ActivationType.F32),
            bench.UploadRows(rates, rows, shape.RateWidth, ActivationType.F32), shape.RateWidth, 0, bench.Upload<float>(decay),
            bench.Upload<float>(shift), y, rows, state.Source, state.Layer);
        bench.Expect(
            y, ActivationType.F32, shape.ValueWidth, RecurrentReferences.GatedDelta(shape, qkv, rates, decay, shift, state.Values),
            Tolerance);
        state.Expect(bench);
    }

    private static void Mamba2(SelfTestBench bench, CommandList commands, Mamba2Shape shape, int rows)
    {
        (float[] xbc, float[] rates) = (bench.Values(rows * shape.InputWidth), bench.Values(rows * shape.Heads));
        float[] decay = [.. bench.Values(shape.Heads).Select(value => -MathF.Exp(value - 1))];
        (float[] shift, float[] skip) = (bench.Values(shape.Heads), bench.Values(shape.Heads));
        var state = new State(bench, commands, shape.StateFloats, rows);
        GpuBuffer y = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, rows, shape.InnerWidth));
        new Mamba2Kernel(bench.Context).Record(
            commands, shape, bench.UploadRows(xbc, rows, shape.InputWidth, ActivationType.F32),
            bench.UploadRows(rates, rows, shape.Heads, ActivationType.F32), shape.Heads, 0,
            new Mamba2Heads(bench.Upload<float>(decay), bench.Upload<float>(shift), bench.Upload<float>(skip)), y, rows, state.Source,
            state.Layer);
        bench.Expect(
            y, ActivationType.F32, shape.InnerWidth,
            RecurrentReferences.Mamba2(shape, xbc, rates, decay, shift, skip, state.Values), Tolerance);
        state.Expect(bench);
    }

    /// <summary>A sequence's state of one layer, as the device has it and as the CPU changes it.</summary>
    private sealed class State
    {
        private readonly GpuBuffer _buffer;

        public State(SelfTestBench bench, CommandList commands, long floats, int rows)
        {
            float[] before = bench.Values((int)floats);
            Values = [.. before.Select(value => (double)value)];
            _buffer = bench.Upload<float>(before);
            GpuBuffer blocks = bench.Upload<ulong>(_buffer.DeviceAddress, 0);
            Layer = new StateLayer(0, 0, bench.Upload<uint>(new uint[4]));
            if (rows == 1)
            {
                Source = StateSource.OfRow(blocks);
                return;
            }

            SequenceTable sequences = bench.Own(new SequenceTable(bench.Context.Device, 1, isFixed: true));
            sequences.Set(
                0, new SequenceKeeps(blocks, 2, KvLayout.PageTokens, bench.Zeros(commands, SoftmaxStats.SizeInBytes)));
            Source = StateSource.OfRuns(bench.Rows(new RowEntry(0, 0, 0, (uint)rows)), sequences);
        }

        public double[] Values { get; }

        public StateLayer Layer { get; }

        public StateSource Source { get; }

        public void Expect(SelfTestBench bench) => bench.ExpectDense(_buffer, ActivationType.F32, Values, Tolerance);
    }
}
