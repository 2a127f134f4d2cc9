using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Attention of one new token over all cached ones: softmax(scale * q·Kᵀ) V for each query head, over splits of the cache whose
/// results the last of them adds up, in one dispatch. The number of splits is fixed when recording; how many tokens each takes
/// follows from the step's position, so that the recording can be replayed. Float32 throughout, but for rows over a cache of bytes where
/// the device has matrix units (float16 with float32 sums). Shaders: <c>attention/attention_decode.comp</c>,
/// <c>attention/attention_decode_coopmat.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device to record for.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class DecodeAttentionKernel(KernelContext context)
{
    /// <summary>The name of the form on the matrix units.</summary>
    internal const string MatrixForm = "attention_decode_kvq8_0_coopmat";

    /// <summary>Bytes of the scratch buffer that <see cref="Record"/> takes.</summary>
    /// <param name="shape">The layer's attention.</param>
    public long ScratchBytes(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        return ScratchBytes(shape, Tune(shape));
    }

    /// <summary>Bytes of the scratch buffer that <see cref="RecordRows"/> takes for any of some shapes, and up to so many rows.</summary>
    /// <param name="shapes">Attention of a layer over the sequences' caches.</param>
    /// <param name="rows">Rows.</param>
    public long RowsScratchBytes(IEnumerable<AttentionShape> shapes, int rows)
    {
        (AttentionShape Shape, int Count, DecodeAttentionTuning Tuning)[] tuned = shapes
            .SelectMany(shape => Enumerable.Range(1, rows).SelectMany(
                count => Spreads(shape, count).Select(tuning => (Shape: shape, Count: count, Tuning: tuning))))
            .ToArray();
        return tuned.Max(each => ArrivalBytes(each.Shape, each.Tuning, each.Count))
            + tuned.Max(each => PartialBytes(each.Shape, each.Tuning, each.Count));
    }

    /// <summary>Records attention over the tokens up to and with the step's position, whose key and value are stored already.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated.</param>
    /// <param name="q">float32 [QueryWidth], rotated.</param>
    /// <param name="layer">Where the layer's keys and values lie.</param>
    /// <param name="blocks">The sequence's block table of the layer's group, for Capacity positions.</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; positions from Capacity on attend to the whole cache.</param>
    /// <param name="scratch">
    /// Scratch of <see cref="ScratchBytes(AttentionShape)"/>, or for layers of several shapes of <see cref="RowsScratchBytes"/>, zero before
    /// its first use; layers that run one after another may share it.
    /// </param>
    /// <param name="stats">Counters of <see cref="SoftmaxStats.SizeInBytes"/>, added to.</param>
    /// <param name="output">[QueryWidth] of <paramref name="form"/>.</param>
    /// <param name="form">How the output is stored; fixed point where <see cref="HeadOutput.CanBeFixed"/>.</param>
    /// <param name="sinks">float32 [NumHeads], if given: a score more of each head, without a value.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, BufferView q, KvLayer layer, BufferView blocks,
        BufferView stepState, BufferView scratch, BufferView stats, BufferView output, VectorForm form = VectorForm.Float,
        BufferView? sinks = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        softmax.Validate();
        RecordTuned(commands, shape, softmax, Tune(shape), q, layer, blocks, stepState, scratch, stats, output, form, sinks);
    }

    /// <summary>
    /// Records attention of rows of any sequences, each over the tokens of its own up to its position, in one dispatch. Keys and values of
    /// all rows of the step must be stored: a sequence may have many of them.
    /// </summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="shape">The layer's attention, with the largest capacity of the sequences.</param>
    /// <param name="softmax">How the softmax is accumulated.</param>
    /// <param name="rows">The rows; each row of activations at most once.</param>
    /// <param name="sequences">Their sequences.</param>
    /// <param name="layer">Where the layer's keys and values lie.</param>
    /// <param name="query">float32 [activationRows, Stride(QueryWidth)], rotated.</param>
    /// <param name="scratch">
    /// Scratch of <see cref="RowsScratchBytes"/>, zero before its first use; layers that run one after another may share it.
    /// </param>
    /// <param name="output">[activationRows, Stride(QueryWidth)] of <paramref name="outputType"/>; the listed rows are written.</param>
    /// <param name="outputType">How the output is stored.</param>
    /// <param name="activationRows">Rows of the activations.</param>
    /// <param name="sinks">float32 [NumHeads], if given: a score more of each head, without a value.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void RecordRows(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, RowList rows, SequenceTable sequences, KvLayer layer,
        BufferView query, BufferView scratch, BufferView output, ActivationType outputType, int activationRows, BufferView? sinks = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(sequences);
        shape.Validate();
        softmax.Validate();
        rows.Check();
        RecordRowsTuned(
            commands, shape, softmax, MatrixForRows(shape, softmax.Scheme, rows.Most), rows, sequences, layer, query, scratch, output,
            outputType, activationRows, sinks);
    }

    /// <summary>Records attention of rows on the matrix units as the caller chooses, or on the others.</summary>
    internal void RecordRowsTuned(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, DecodeAttentionMatrix? matrix, RowList rows,
        SequenceTable sequences, KvLayer layer, BufferView query, BufferView scratch, BufferView output, ActivationType outputType,
        int activationRows, BufferView? sinks = null)
    {
        layer.Check();
        DecodeAttentionTuning tuning = matrix?.Spread ?? Tune(shape, rows.Most);
        (BufferView arrivals, BufferView partials) = Cut(scratch, shape, tuning, rows.Most);
        string variant = RowsVariant(shape.KvType, outputType, matrix is not null);
        ComputePipeline pipeline = matrix is null
            ? context.GetPipeline(
                variant,
                (tuning.ToConstants(shape, softmax.Scheme, context.Capabilities) with { Sinks = sinks.HasValue }).ToSpecialization())
            : context.GetPipeline(
                variant, matrix.ToConstants(shape, softmax.Scheme, sinks.HasValue).ToSpecialization(), matrix.Fragment.SubgroupSize,
                fullSubgroups: true);
        uint stride = (uint)Activations.Stride(shape.QueryWidth);
        Describe(commands, shape, rows.Most);
        commands.Dispatch(
            pipeline, Groups(shape, tuning, rows.Most),
            Push(shape, softmax, layer, tuning) with { QueryStride = stride, OutputStride = stride / 4 },
            [
                Activations.Require(nameof(query), query, ActivationType.F32, activationRows, shape.QueryWidth), rows.Entries,
                sequences.Entries, partials, arrivals,
                Activations.Require(nameof(output), output, outputType, activationRows, shape.QueryWidth),
                Sinks(sinks, shape, query),
            ],
            [.. layer.Read, .. sequences.Addressed]);
    }

    /// <summary>
    /// The form of rows on the matrix units; null where it is not to be taken. Weights of the asynchronized softmax may be beyond float16.
    /// </summary>
    internal DecodeAttentionMatrix? MatrixForRows(AttentionShape shape, SoftmaxScheme scheme, int rows) =>
        scheme == SoftmaxScheme.Asynchronized || context.IsSoftware || context.Forms.IsLeftOut(MatrixForm)
            || !ShaderLibrary.Contains(RowsVariant(KvType.Q8_0, ActivationType.F32, isMatrix: true))
                ? null
                : DecodeAttentionMatrix.Choose(shape, context, rows);

    internal void RecordTuned(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, DecodeAttentionTuning tuning, BufferView q,
        KvLayer layer, BufferView blocks, BufferView stepState, BufferView scratch, BufferView stats, BufferView output,
        VectorForm form = VectorForm.Float, BufferView? sinks = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (form == VectorForm.Fixed && !HeadOutput.CanBeFixed(shape.HeadDim))
        {
            throw new ArgumentException(
                $"decode attention: fixed point takes heads of whole blocks, got {shape.HeadDim} elements", nameof(form));
        }

        layer.Check();
        Views.RequireFloats(nameof(q), q, shape.QueryWidth);
        Views.RequireBytes(nameof(blocks), blocks, (long)KvLayout.PageCount(shape.Capacity) * KvLayout.BlockBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Views.RequireBytes(nameof(stats), stats, SoftmaxStats.SizeInBytes);
        Views.RequireBytes(
            nameof(output), output,
            form == VectorForm.Fixed ? FixedPointVector.SizeInBytes(shape.QueryWidth) : shape.QueryWidth * sizeof(float));
        (BufferView arrivals, BufferView partials) = Cut(scratch, shape, tuning, 1);
        DecodeAttentionConstants constants =
            tuning.ToConstants(shape, softmax.Scheme, context.Capabilities) with
            {
                Fixed = form == VectorForm.Fixed,
                Sinks = sinks.HasValue,
            };
        Describe(commands, shape, 1);
        ChainLink link = commands.NextLink();
        DecodeAttentionPush push = Push(shape, softmax, layer, tuning) with
        {
            OutputStride = (uint)WeightLayout.PadColumns(shape.QueryWidth),
        };
        push.Chain = ChainPush.Of(link);
        commands.Dispatch(
            context.GetPipeline(Variant(shape.KvType), constants.ToSpecialization()),
            Groups(shape, tuning),
            in push,
            [
                q, blocks, stepState, partials, arrivals, output, stats, Sinks(sinks, shape, q),
            ],
            layer.Read, link);
    }

    /// <summary>Counters at the beginning, partial results at the end: what shares the scratch leaves the other's counters zero.</summary>
    private (BufferView Arrivals, BufferView Partials) Cut(
        BufferView scratch, AttentionShape shape, DecodeAttentionTuning tuning, int rows)
    {
        (long arrivals, long partials) = (ArrivalBytes(shape, tuning, rows), PartialBytes(shape, tuning, rows));
        Views.RequireBytes(nameof(scratch), scratch, arrivals + partials);
        long first = (scratch.Length - partials) / Alignment * Alignment;
        return (scratch.Buffer.View(scratch.Offset, arrivals), scratch.Buffer.View(scratch.Offset + first, partials));
    }

    // A binding that the shader does not read takes any buffer.
    internal static BufferView Sinks(BufferView? sinks, AttentionShape shape, BufferView unused) =>
        sinks is { } added ? Activations.Require(nameof(sinks), added, 4L * shape.NumHeads) : unused;

    internal static string Variant(KvType kvType) => $"attention_decode_{KvNames.Suffix(kvType)}";

    internal static string RowsVariant(KvType kvType, ActivationType outputType, bool isMatrix = false) =>
        $"{Variant(kvType)}_rows{(outputType == ActivationType.F16 ? "_out_f16" : "")}{(isMatrix ? "_coopmat" : "")}";

    internal long ScratchBytes(AttentionShape shape, DecodeAttentionTuning tuning, int rows = 1) =>
        ArrivalBytes(shape, tuning, rows) + PartialBytes(shape, tuning, rows);

    private static (uint X, uint Y, uint Z) Groups(AttentionShape shape, DecodeAttentionTuning tuning, int rows = 1) =>
        ((uint)(shape.NumKvHeads * tuning.HeadBlocks), (uint)tuning.Splits, (uint)rows);

    private static void Describe(CommandList commands, AttentionShape shape, int rows)
    {
        if (commands.IsProfiled)
        {
            commands.Describe(new DispatchWork(
                $"{rows} x {shape.NumHeads}/{shape.NumKvHeads} heads of {shape.HeadDim}", 0,
                TokenBytes: rows * KvLayout.PositionBytes(shape)));
        }
    }

    private static DecodeAttentionPush Push(
        AttentionShape shape, AttentionSoftmax softmax, KvLayer layer, DecodeAttentionTuning tuning) => new()
        {
            GroupSize = (uint)shape.GroupSize,
            KvHeads = (uint)shape.ValueHeads,
            Capacity = (uint)shape.Capacity,
            Splits = (uint)tuning.Splits,
            MinKeys = (uint)tuning.MinKeys,
            Scale = shape.Scale,
            Window = (uint)shape.Window,
            SoftCap = shape.LogitSoftCap,
            Phi = softmax.Phi,
            Lower = softmax.Lower,
            Upper = softmax.Upper,
            LayerAt = layer.At,
            BlockGroup = (uint)layer.Group,
        };

    private DecodeAttentionTuning Tune(AttentionShape shape, int rows = 1) => DecodeAttentionTuning.Choose(
        shape, context.For(Variant(shape.KvType)), context.IsBatchInvariant ? DecodeAttentionTuning.InvariantRows : rows);

    // All that RecordRows may take, whatever the softmax.
    private IEnumerable<DecodeAttentionTuning> Spreads(AttentionShape shape, int rows) =>
        MatrixForRows(shape, SoftmaxScheme.Synchronized, rows) is { } matrix ? [Tune(shape, rows), matrix.Spread] : [Tune(shape, rows)];

    private long Alignment => Math.Max(context.Capabilities.StorageBufferOffsetAlignment, 16);

    private long PartialBytes(AttentionShape shape, DecodeAttentionTuning tuning, int rows = 1) =>
        Aligned((long)rows * shape.NumHeads * tuning.Splits * (shape.HeadDim + 4) * sizeof(float));

    // Counters of arrived splits, before the partial results.
    private long ArrivalBytes(AttentionShape shape, DecodeAttentionTuning tuning, int rows = 1)
    {
        const int BytesPerBlock = 2 * sizeof(uint);
        return Aligned((long)rows * shape.NumKvHeads * tuning.HeadBlocks * tuning.Heads * BytesPerBlock);
    }

    private long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
