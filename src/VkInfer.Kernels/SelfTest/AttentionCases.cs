using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Cases of attention, and of what stands between it and the products before it.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class AttentionCases
{
    /// <summary>Sums of some hundred products in float32 and a few exponentials: 1e-5. A token too many or too few is a fortieth.</summary>
    private const double Exact = 2e-3;

    /// <summary>With queries, weights or results in float16.</summary>
    private const double Half = 5e-3;

    /// <summary>Elements in steps of 1/127 of the largest of their block: 4e-3 of numbers that are spread evenly.</summary>
    private const double Bytes = 1e-2;

    // Of a prompt's case: more are no other form, and cost the CPU time.
    private const int MostHeads = 8;

    /// <summary>The schemes of softmax; the asynchronized one with a frame in which all scores of a case lie.</summary>
    public static IReadOnlyList<AttentionSoftmax> Schemes { get; } =
    [
        AttentionSoftmax.Synchronized, AttentionSoftmax.ConditionalRescale,
        AttentionSoftmax.Asynchronized(0, b: AttentionSoftmax.MaxMatrixDistance),
    ];

    /// <summary>Attention of a decode step.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated: one of <see cref="Schemes"/>.</param>
    /// <param name="sinks">Whether heads have sinks.</param>
    public static SelfTestCase Decode(KernelContext context, AttentionShape attention, AttentionSoftmax softmax, bool sinks = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        string name = DecodeAttentionKernel.Variant(attention.KvType);
        KernelContext spread = context.For(name);
        var tuning = DecodeAttentionTuning.Choose(attention, spread);
        return new(
            spread.SpreadOf(name), $"{Text(attention, sinks)} {tuning.WorkgroupSize} {softmax.Scheme}",
            (bench, commands) => Decode(
                bench, commands, attention, softmax, tuning with { Splits = Math.Min(tuning.Splits, 2) }, sinks), name);
    }

    /// <summary>Attention of rows of several sequences.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated: one of <see cref="Schemes"/>.</param>
    /// <param name="output">How its output is stored.</param>
    /// <param name="sinks">Whether heads have sinks.</param>
    public static SelfTestCase DecodeRows(
        KernelContext context, AttentionShape attention, AttentionSoftmax softmax, ActivationType output, bool sinks = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        string spread = DecodeAttentionKernel.Variant(attention.KvType);
        bool isMatrix = new DecodeAttentionKernel(context).MatrixForRows(attention, softmax.Scheme, 1) is not null;
        return new(
            isMatrix ? DecodeAttentionKernel.MatrixForm : context.For(spread).SpreadOf(spread),
            $"rows {Text(attention, sinks)} {softmax.Scheme} {output}",
            (bench, commands) => DecodeRows(bench, commands, attention, softmax, output, sinks, isMatrix),
            DecodeAttentionKernel.RowsVariant(attention.KvType, output, isMatrix));
    }

    /// <summary>Attention of a prompt.</summary>
    /// <param name="context">The device.</param>
    /// <param name="attention">A layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated: one of <see cref="Schemes"/>.</param>
    /// <param name="sinks">Whether heads have sinks.</param>
    public static SelfTestCase Prefill(KernelContext context, AttentionShape attention, AttentionSoftmax softmax, bool sinks = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(attention);
        ActivationType queries = new PrefillAttentionKernel(context).QueryType(attention);
        string name = PrefillAttentionKernel.ScalarForm(attention.KvType);
        bool isMatrix = queries == ActivationType.F16;
        return new(
            isMatrix ? PrefillAttentionKernel.MatrixForm(attention.KvType) : context.For(name).SpreadOf(name),
            $"{Text(attention, sinks)} {softmax.Scheme}", (bench, commands) => Prefill(bench, commands, attention, softmax, queries, sinks),
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
            $"rope_store_{KvNames.Part(attention.KvType)}_{Activations.VariantPart(queries)}");
    }

    private static string Text(AttentionShape shape, bool sinks = false) =>
        $"{shape.GroupSize}x{shape.HeadDim} {shape.RotaryDim} {shape.Pairing} {shape.KvType}{(shape.LogitSoftCap > 0 ? " capped" : "")}"
        + (shape.SeesLater ? " both ways" : "") + (shape.HasKeysAsValues ? " values in keys" : "") + (sinks ? " sinks" : "");

    // One head of keys and values with all its heads of queries.
    private static AttentionShape Small(AttentionShape shape, int capacity) => shape with
    {
        NumHeads = shape.GroupSize,
        NumKvHeads = 1,
        Capacity = capacity,
        Window = 0,
        Scale = 1 / MathF.Sqrt(shape.HeadDim),
    };

    private static void Decode(
        SelfTestBench bench, CommandList commands, AttentionShape attention, AttentionSoftmax softmax, DecodeAttentionTuning tuning,
        bool hasSinks)
    {
        const int Tokens = 83;
        AttentionShape shape = Small(attention, 96);
        float[] q = bench.Values(shape.QueryWidth);
        (PagedCache cache, float[] keys, float[] values) = Caches(bench, shape, 1)[0];
        float[]? sinks = Sinks(bench, shape, hasSinks);
        var kernel = new DecodeAttentionKernel(bench.Context);
        GpuBuffer output = bench.Output(commands, shape.QueryWidth * sizeof(float));
        kernel.RecordTuned(
            commands, shape, softmax, tuning, bench.Upload<float>(q), cache.Layer, cache.Blocks,
            bench.Upload(new StepState { Position = Tokens - 1 }),
            bench.Zeros(commands, kernel.ScratchBytes(shape, tuning)), bench.Zeros(commands, SoftmaxStats.SizeInBytes), output,
            sinks: Upload(bench, sinks));
        bench.ExpectDense(output, ActivationType.F32, References.Attend(shape, q, keys, values, Tokens, sinks), Exact);
    }

    private static void DecodeRows(
        SelfTestBench bench, CommandList commands, AttentionShape attention, AttentionSoftmax softmax, ActivationType outputType,
        bool hasSinks, bool isMatrix)
    {
        AttentionShape shape = Small(attention, 96);
        RowEntry[] rows = [new(0, 40, 0, 0), new(1, 82, 1, 0), new(2, 39, 0, 0)];
        float[] q = bench.Values(rows.Length * shape.QueryWidth);
        (PagedCache Pages, float[] Keys, float[] Values)[] caches = Caches(bench, shape, 2);
        float[]? sinks = Sinks(bench, shape, hasSinks);
        var kernel = new DecodeAttentionKernel(bench.Context);
        GpuBuffer output = bench.Output(commands, Activations.SizeInBytes(outputType, rows.Length, shape.QueryWidth));
        kernel.RecordRows(
            commands, shape, softmax, bench.Rows(rows), bench.Sequences(commands, [.. caches.Select(cache => cache.Pages)]),
            caches[0].Pages.Layer, bench.UploadRows(q, rows.Length, shape.QueryWidth, ActivationType.F32),
            bench.Zeros(commands, kernel.RowsScratchBytes([shape], rows.Length)), output, outputType, rows.Length,
            Upload(bench, sinks));
        bench.Expect(
            output, outputType, shape.QueryWidth, Attended(shape, q, caches, rows, sinks),
            isMatrix || outputType == ActivationType.F16 ? Half : Exact);
    }

    // Two sequences, each with a run of its tokens.
    private static void Prefill(
        SelfTestBench bench, CommandList commands, AttentionShape attention, AttentionSoftmax softmax, ActivationType queries,
        bool hasSinks)
    {
        const int Tokens = 37;
        AttentionShape shape = Small(attention, 48);
        shape = shape with { NumHeads = Math.Min(shape.NumHeads, MostHeads) };
        RowEntry[] runs = [new(0, shape.SeesLater ? 0u : 7, 0, 33), new(33, shape.SeesLater ? 0u : 20, 1, Tokens - 33)];
        float[] q = SelfTestBench.Rounded(bench.Values(Tokens * shape.QueryWidth));
        (PagedCache Pages, float[] Keys, float[] Values)[] caches = Caches(bench, shape, runs.Length);
        float[]? sinks = Sinks(bench, shape, hasSinks);
        GpuBuffer output = bench.Output(commands, Activations.SizeInBytes(ActivationType.F32, Tokens, shape.QueryWidth));
        var kernel = new PrefillAttentionKernel(bench.Context);
        int tileRows = kernel.TileRows(shape, softmax.Scheme, Tokens);
        kernel.Record(
            commands, shape, softmax, bench.Rows([.. runs.SelectMany(run => RowList.Tiles(run, tileRows, shape.SeesLater))]),
            bench.Sequences(commands, [.. caches.Select(cache => cache.Pages)]), caches[0].Pages.Layer,
            bench.UploadRows(q, Tokens, shape.QueryWidth, queries), output, Tokens, Tokens,
            sinks: Upload(bench, sinks));
        bench.Expect(
            output, ActivationType.F32, shape.QueryWidth,
            Attended(shape, q, caches, [.. runs.SelectMany(run => RowList.Tiles(run, 1, shape.SeesLater))], sinks),
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
        for (int token = 0; token < Tokens; token++)
        {
            int at = (token * shape.QkvWidth) + shape.QueryWidth;
            bench.ExpectCached(
                cache, Start + token, rows[at..(at + shape.KvWidth)], rows[(at + shape.KvWidth)..(at + (2 * shape.KvWidth))],
                shape.KvType == KvType.Q8_0 ? Bytes : Half);
        }
    }

    /// <summary>Caches of several sequences, whose pages lie in one layer's memory.</summary>
    private static (PagedCache Pages, float[] Keys, float[] Values)[] Caches(SelfTestBench bench, AttentionShape shape, int count) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
        {
            float[] keys = Cache(bench, shape);
            float[] values = shape.HasKeysAsValues ? keys : Cache(bench, shape);
            return (bench.Pages(shape, keys, values), keys, values);
        }),
    ];

    private static double[] Attended(
        AttentionShape shape, float[] q, (PagedCache Pages, float[] Keys, float[] Values)[] caches, RowEntry[] rows,
        float[]? sinks) =>
    [
        .. rows.SelectMany(row => References.Attend(
            shape, q.AsSpan((int)row.Row * shape.QueryWidth, shape.QueryWidth), caches[row.Sequence].Keys, caches[row.Sequence].Values,
            (int)row.Position + 1 + (int)(row.Value >> 16), sinks)),
    ];

    // Of the size of scores.
    private static float[]? Sinks(SelfTestBench bench, AttentionShape shape, bool hasSinks) =>
        hasSinks ? [.. bench.Values(shape.NumHeads).Select(value => 4 + value)] : null;

    private static BufferView? Upload(SelfTestBench bench, float[]? sinks) =>
        sinks is null ? null : (BufferView)bench.Upload<float>(sinks);

    private static float[] Cache(SelfTestBench bench, AttentionShape shape)
    {
        float[] values = bench.Values(shape.NumKvHeads * shape.Capacity * shape.HeadDim);
        return shape.KvType == KvType.Q8_0 ? QuantisedRow.Stored(values, shape.HeadDim) : SelfTestBench.Rounded(values);
    }
}
