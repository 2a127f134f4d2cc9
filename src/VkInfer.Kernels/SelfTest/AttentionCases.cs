using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of attention, and of what stands between it and the products before it.</summary>
public static class AttentionCases
{
    /// <summary>Sums of some hundred products in float32 and a few exponentials: 1e-5. A token too many or too few is a fortieth.</summary>
    private const double Exact = 2e-3;

    /// <summary>With queries, weights or results in float16.</summary>
    private const double Half = 5e-3;

    /// <summary>Attention of a decode step.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    public static SelfTestCase Decode(KernelContext context, AttentionShape attention)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        string name = DecodeAttentionKernel.Variant(attention.KvType);
        KernelContext spread = context.For(name);
        var tuning = DecodeAttentionTuning.Choose(attention, spread);
        return new(
            spread.SpreadOf(name), Text(attention) + $" {tuning.WorkgroupSize}",
            (bench, commands) => Decode(bench, commands, attention, tuning with { Splits = Math.Min(tuning.Splits, 2) }), name);
    }

    /// <summary>Attention of a prompt.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    public static SelfTestCase Prefill(KernelContext context, AttentionShape attention)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        ActivationType queries = new PrefillAttentionKernel(context).QueryType(attention);
        string name = PrefillAttentionKernel.ScalarForm(attention.KvType);
        bool isMatrix = queries == ActivationType.F16;
        return new(
            isMatrix ? PrefillAttentionKernel.MatrixForm : context.For(name).SpreadOf(name), Text(attention),
            (bench, commands) => Prefill(bench, commands, attention, queries),
            PrefillAttentionKernel.Variant(attention.KvType, ActivationType.F32, isMatrix));
    }

    /// <summary>Rotation and store of a prompt's queries, keys and values.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    public static SelfTestCase Store(KernelContext context, AttentionShape attention)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        ActivationType queries = new PrefillAttentionKernel(context).QueryType(attention);
        return new(
            context.For("rope_store").SpreadOf("rope_store"), $"{Text(attention)} {queries}",
            (bench, commands) => Store(bench, commands, attention, queries),
            $"rope_store_{PrefillNames.VariantPart(attention.KvType)}_{Activations.VariantPart(queries)}");
    }

    private static string Text(AttentionShape shape) =>
        $"{shape.GroupSize}x{shape.HeadDim} {shape.RotaryDim} {shape.Pairing} {shape.KvType}{(shape.LogitSoftCap > 0 ? " capped" : "")}";

    // One head of keys and values with all its heads of queries.
    private static AttentionShape Small(AttentionShape shape, int capacity) => shape with
    {
        NumHeads = shape.GroupSize,
        NumKvHeads = 1,
        Capacity = capacity,
        Window = 0,
        Scale = 1 / MathF.Sqrt(shape.HeadDim),
    };

    private static void Decode(SelfTestBench bench, CommandList commands, AttentionShape attention, DecodeAttentionTuning tuning)
    {
        const int Tokens = 83;
        AttentionShape shape = Small(attention, 96);
        float[] q = bench.Values(shape.QueryWidth);
        (float[]? keys, float[]? values) = (Cache(bench, shape), Cache(bench, shape));
        PagedCache cache = bench.Pages(shape, keys, values);
        var kernel = new DecodeAttentionKernel(bench.Context);
        GpuBuffer output = bench.Output(commands, shape.QueryWidth * sizeof(float));
        kernel.RecordTuned(
            commands, shape, AttentionSoftmax.Synchronized, tuning, bench.Upload<float>(q), cache.Layer, cache.Blocks,
            bench.Upload(new StepState { Position = Tokens - 1 }),
            bench.Zeros(commands, kernel.ScratchBytes(shape, tuning)), bench.Zeros(commands, SoftmaxStats.SizeInBytes), output);
        bench.ExpectDense(output, ActivationType.F32, References.Attend(shape, q, keys, values, Tokens), Exact);
    }

    private static void Prefill(SelfTestBench bench, CommandList commands, AttentionShape attention, ActivationType queries)
    {
        const int Start = 7;
        const int Tokens = 37;
        AttentionShape shape = Small(attention, 48);
        float[] q = SelfTestBench.Rounded(bench.Values(Tokens * shape.QueryWidth));
        (float[] keys, float[] values) = (Cache(bench, shape), Cache(bench, shape));
        GpuBuffer output = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, Tokens, shape.QueryWidth));
        PagedCache cache = bench.Pages(shape, keys, values);
        var kernel = new PrefillAttentionKernel(bench.Context);
        int tileRows = kernel.TileRows(shape, SoftmaxScheme.Synchronized, Tokens);
        kernel.Record(
            commands, shape, AttentionSoftmax.Synchronized, bench.Rows([.. RowList.Tiles(new RowEntry(0, Start, 0, Tokens), tileRows)]),
            bench.Sequences(commands, cache), cache.Layer, bench.UploadRows(q, Tokens, shape.QueryWidth, queries), output, Tokens, Tokens);
        bench.Expect(
            output, ActivationType.F32, shape.QueryWidth,
            [
                .. Enumerable.Range(0, Tokens).SelectMany(token => References.Attend(
                    shape, q.AsSpan(token * shape.QueryWidth, shape.QueryWidth), keys, values, Start + token + 1)),
            ],
            queries == ActivationType.F16 ? Half : Exact);
    }

    private static void Store(SelfTestBench bench, CommandList commands, AttentionShape attention, ActivationType queries)
    {
        const int Start = 2;
        const int Tokens = 3;
        AttentionShape shape = Small(attention, Start + Tokens);
        float[] qkv = bench.Values(Tokens * shape.QkvWidth);
        float[] table = bench.Values(Math.Max(1, shape.Capacity * shape.RotaryDim));
        GpuBuffer query = bench.Output(commands, Activations.SizeInBytes(queries, Tokens, shape.QueryWidth));
        PagedCache cache = bench.Pages(shape);
        new RopeStoreKernel(bench.Context).RecordRows(
            commands, bench.UploadRows(qkv, Tokens, shape.QkvWidth, ActivationType.F32), shape, bench.Upload<float>(table),
            bench.Rows([.. Enumerable.Range(0, Tokens).Select(token => new RowEntry((uint)token, (uint)(Start + token), 0, 0))]),
            bench.Sequences(commands, cache), cache.Layer, query, Tokens, queries);

        double[] rows = [.. qkv.Select(value => (double)value)];
        for (int token = 0; token < Tokens; token++)
        {
            for (int head = 0; head < shape.NumHeads + shape.NumKvHeads; head++)
            {
                References.Rotate(
                    rows.AsSpan((token * shape.QkvWidth) + (head * shape.HeadDim), shape.HeadDim), shape,
                    table.AsSpan((Start + token) * shape.RotaryDim, shape.RotaryDim));
            }
        }

        double[] Part(int first, int width) => [.. Enumerable.Range(0, Tokens).SelectMany(
            token => rows.Skip((token * shape.QkvWidth) + first).Take(width))];
        bench.Expect(query, queries, shape.QueryWidth, Part(0, shape.QueryWidth), Half);
        ActivationType cached = shape.KvType == KvType.F16 ? ActivationType.F16 : ActivationType.F32;
        for (int token = 0; token < Tokens; token++)
        {
            (BufferView key, BufferView value) = cache.Row(0, Start + token);
            int at = (token * shape.QkvWidth) + shape.QueryWidth;
            bench.ExpectDense(key, cached, rows[at..(at + shape.KvWidth)], Half);
            bench.ExpectDense(value, cached, rows[(at + shape.KvWidth)..(at + (2 * shape.KvWidth))], Half);
        }
    }

    private static float[] Cache(SelfTestBench bench, AttentionShape shape) =>
        SelfTestBench.Rounded(bench.Values(shape.NumKvHeads * shape.Capacity * shape.HeadDim));
}
