using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Attention of one new token over all cached ones: softmax(scale * q·Kᵀ) V for each query head, over splits of the cache whose
/// results the last of them adds up, in one dispatch. The number of splits is fixed when recording; how many tokens each takes
/// follows from the step's position, so that the recording can be replayed. Float32 throughout. Shader:
/// <c>attention/attention_decode.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device to record for.</param>
public sealed class DecodeAttentionKernel(KernelContext context)
{
    /// <summary>Bytes of the scratch buffer that <see cref="Record"/> takes.</summary>
    /// <param name="shape">The layer's attention.</param>
    public long ScratchBytes(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        return ScratchBytes(shape, DecodeAttentionTuning.Choose(shape, context.For(Variant(shape.KvType))));
    }

    /// <summary>
    /// Bytes of the scratch buffer that <see cref="RecordBatch"/> takes for any of some shapes, and up to so many sequences.
    /// </summary>
    /// <param name="shapes">Attention of a layer over the sequences' caches.</param>
    /// <param name="sequences">Sequences.</param>
    public long BatchScratchBytes(IEnumerable<AttentionShape> shapes, int sequences)
    {
        (AttentionShape Shape, int Count, DecodeAttentionTuning Tuning)[] tuned = shapes
            .SelectMany(
                shape => Enumerable.Range(1, sequences).Select(
                    count => (Shape: shape, Count: count,
                        Tuning: DecodeAttentionTuning.Choose(shape, context.For(Variant(shape.KvType)), count))))
            .ToArray();
        return tuned.Max(each => ArrivalBytes(each.Shape, each.Tuning, each.Count))
            + tuned.Max(each => PartialBytes(each.Shape, each.Tuning, each.Count));
    }

    /// <summary>Records attention over the tokens up to and with the step's position, whose key and value are cached already.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated.</param>
    /// <param name="q">float32 [QueryWidth], rotated.</param>
    /// <param name="kCache">The layer's keys.</param>
    /// <param name="vCache">The layer's values.</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; positions from Capacity on attend to the whole cache.</param>
    /// <param name="scratch">
    /// Scratch of <see cref="ScratchBytes(AttentionShape)"/>, zero before its first use; layers that run one after another, and
    /// differ in their window at most, may share it.
    /// </param>
    /// <param name="stats">Counters of <see cref="SoftmaxStats.SizeInBytes"/>, added to.</param>
    /// <param name="output">[QueryWidth] of <paramref name="form"/>.</param>
    /// <param name="form">How the output is stored; fixed point where <see cref="CanStoreFixed"/>.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, BufferView q, BufferView kCache, BufferView vCache,
        BufferView stepState, BufferView scratch, BufferView stats, BufferView output, VectorForm form = VectorForm.Float)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        softmax.Validate();
        RecordTuned(
            commands, shape, softmax, DecodeAttentionTuning.Choose(shape, context.For(Variant(shape.KvType))), q, kCache, vCache, stepState,
            scratch, stats, output, form);
    }

    /// <summary>Whether the output may be stored in fixed point: heads are whole blocks of it.</summary>
    /// <param name="shape">The layer's attention.</param>
    public static bool CanStoreFixed(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return shape.HeadDim % FixedPointVector.Block == 0;
    }

    /// <summary>
    /// Records attention of one token of each of several sequences, each over its own cache, in one dispatch: bias, norm of heads,
    /// rotation, and the store of key and value included, as <see cref="RopeStoreKernel"/> does them.
    /// </summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="shape">The layer's attention, but for the capacities.</param>
    /// <param name="sequences">The sequences, all of one softmax scheme; nothing is stored at positions from their capacities on.</param>
    /// <param name="qkv">float32 [rows, Stride(QkvWidth)]: the heads of Q, then K, then V.</param>
    /// <param name="ropeTable">float32 (cos, sin) [largest capacity][RotaryDim / 2].</param>
    /// <param name="scratch">
    /// Scratch of <see cref="BatchScratchBytes"/>, zero before its first use; layers that run one after another may share it.
    /// </param>
    /// <param name="output">[rows, Stride(QueryWidth)] of <paramref name="outputType"/>; the sequences' rows are written.</param>
    /// <param name="outputType">How the output is stored.</param>
    /// <param name="bias">float32 [QkvWidth], if given.</param>
    /// <param name="qkNorm">The norm of heads, if given.</param>
    /// <exception cref="ArgumentException">A view too short for the shape, or sequences of several schemes.</exception>
    public void RecordBatch(
        CommandList commands, AttentionShape shape, SequenceRange sequences, BufferView qkv, BufferView ropeTable, BufferView scratch,
        BufferView output, ActivationType outputType, BufferView? bias = null, QkNorm? qkNorm = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(sequences);
        shape = sequences.Fit(shape);
        SoftmaxScheme scheme = sequences.Sequences[0].Softmax.Scheme;
        if (sequences.Sequences.Any(sequence => sequence.Softmax.Scheme != scheme))
        {
            throw new ArgumentException($"The first sequence has the softmax scheme {scheme}; expected all to have it", nameof(sequences));
        }

        (int rows, int count) = (sequences.Rows, sequences.Sequences.Count);
        var tuning = DecodeAttentionTuning.Choose(shape, context.For(Variant(shape.KvType)), count);
        (long arrivals, long partials) = (ArrivalBytes(shape, tuning, count), PartialBytes(shape, tuning, count));
        Views.RequireBytes(nameof(scratch), scratch, arrivals + partials);

        // From the end: whatever shares the scratch leaves the other's counters, at its beginning, zero.
        long firstPartial = (scratch.Length - partials) / Alignment * Alignment;
        DecodeAttentionConstants constants = tuning.ToConstants(shape, scheme, context.Capabilities) with
        {
            SplitHalf = shape.Pairing == RopePairing.SplitHalf,
            Bias = bias.HasValue,
            QkNorm = qkNorm.HasValue,
        };
        qkv = Activations.Require(nameof(qkv), qkv, ActivationType.F32, rows, shape.QkvWidth);
        Describe(commands, shape, sequences.Sequences.Count);
        commands.Dispatch(
            context.GetPipeline(BatchVariant(shape.KvType, outputType), constants.ToSpecialization()), Groups(shape, tuning, count),
            Push(shape, tuning) with
            {
                FirstSequence = (uint)sequences.First,
                KvHeads = (uint)shape.NumKvHeads,
                RotaryDim = (uint)shape.RotaryDim,
                NormEpsilon = qkNorm?.Eps ?? 0,
                InputStride = (uint)Activations.Stride(shape.QkvWidth),
                OutputStride = (uint)Activations.Stride(shape.QueryWidth) / 4,
            },
            [
                qkv, RopeStoreKernel.Table(ropeTable, shape, shape.Capacity), RopeStoreKernel.Bias(bias, shape, qkv), sequences.Table,
                scratch.Buffer.View(scratch.Offset + firstPartial, partials), scratch.Buffer.View(scratch.Offset, arrivals),
                RopeStoreKernel.Gains(qkNorm, shape, qkv), Activations.Require(nameof(output), output, outputType, rows, shape.QueryWidth),
            ],
            [
                .. sequences.Sequences.SelectMany(sequence => new AddressedView[]
                {
                    new(sequence.Keys, BindingAccess.ReadWrite), new(sequence.Values, BindingAccess.ReadWrite),
                    new(sequence.StepState, BindingAccess.Read), new(sequence.SoftmaxStats, BindingAccess.ReadWrite),
                }),
            ]);
    }

    internal void RecordTuned(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, DecodeAttentionTuning tuning, BufferView q,
        BufferView kCache, BufferView vCache, BufferView stepState, BufferView scratch, BufferView stats, BufferView output,
        VectorForm form = VectorForm.Float)
    {
        ArgumentNullException.ThrowIfNull(commands);
        if (form == VectorForm.Fixed && !CanStoreFixed(shape))
        {
            throw new ArgumentException(
                $"decode attention: fixed point takes heads of whole blocks, got {shape.HeadDim} elements", nameof(form));
        }

        Views.RequireFloats(nameof(q), q, shape.QueryWidth);
        Views.RequireBytes(nameof(kCache), kCache, shape.KvBytes);
        Views.RequireBytes(nameof(vCache), vCache, shape.KvBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Views.RequireBytes(nameof(scratch), scratch, ScratchBytes(shape, tuning));
        Views.RequireBytes(nameof(stats), stats, SoftmaxStats.SizeInBytes);
        Views.RequireBytes(
            nameof(output), output,
            form == VectorForm.Fixed ? FixedPointVector.SizeInBytes(shape.QueryWidth) : shape.QueryWidth * sizeof(float));
        long arrivals = ArrivalBytes(shape, tuning);
        DecodeAttentionConstants constants =
            tuning.ToConstants(shape, softmax.Scheme, context.Capabilities) with { Fixed = form == VectorForm.Fixed };
        Describe(commands, shape, 1);
        commands.Dispatch(
            context.GetPipeline(Variant(shape.KvType), constants.ToSpecialization()),
            Groups(shape, tuning),
            Push(shape, tuning) with
            {
                Phi = softmax.Phi,
                Lower = softmax.Lower,
                Upper = softmax.Upper,
                OutputStride = (uint)WeightLayout.PadColumns(shape.QueryWidth),
            },
            [
                q, kCache, vCache, stepState, scratch.Buffer.View(scratch.Offset + arrivals, scratch.Length - arrivals),
                scratch.Buffer.View(scratch.Offset, arrivals), stats, output,
            ]);
    }

    internal static string Variant(KvType kvType) => $"attention_decode_{KvNames.Suffix(kvType)}";

    internal static string BatchVariant(KvType kvType, ActivationType outputType) =>
        $"{Variant(kvType)}_batch{(outputType == ActivationType.F16 ? "_out_f16" : "")}";

    internal long ScratchBytes(AttentionShape shape, DecodeAttentionTuning tuning) =>
        ArrivalBytes(shape, tuning) + PartialBytes(shape, tuning);

    private static (uint X, uint Y, uint Z) Groups(AttentionShape shape, DecodeAttentionTuning tuning, int sequences = 1) =>
        ((uint)(shape.NumKvHeads * tuning.HeadBlocks), (uint)tuning.Splits, (uint)sequences);

    private static void Describe(CommandList commands, AttentionShape shape, int sequences)
    {
        if (commands.IsProfiled)
        {
            long tokenBytes = 2L * shape.NumKvHeads * shape.HeadDim * shape.KvElementSize;
            commands.Describe(new DispatchWork(
                $"{sequences} x {shape.NumHeads}/{shape.NumKvHeads} heads of {shape.HeadDim}", 0, TokenBytes: sequences * tokenBytes));
        }
    }

    private static DecodeAttentionPush Push(AttentionShape shape, DecodeAttentionTuning tuning) => new()
    {
        GroupSize = (uint)shape.GroupSize,
        Capacity = (uint)shape.Capacity,
        Splits = (uint)tuning.Splits,
        MinKeys = (uint)tuning.MinKeys,
        Scale = shape.Scale,
        Window = (uint)shape.Window,
        SoftCap = shape.LogitSoftCap,
    };

    private long Alignment => Math.Max(context.Capabilities.StorageBufferOffsetAlignment, 16);

    private long PartialBytes(AttentionShape shape, DecodeAttentionTuning tuning, int sequences = 1) =>
        Aligned((long)sequences * shape.NumHeads * tuning.Splits * (shape.HeadDim + 4) * sizeof(float));

    // Counters of arrived splits, before the partial results.
    private long ArrivalBytes(AttentionShape shape, DecodeAttentionTuning tuning, int sequences = 1)
    {
        const int BytesPerBlock = 2 * sizeof(uint);
        return Aligned((long)sequences * shape.NumKvHeads * tuning.HeadBlocks * BytesPerBlock);
    }

    private long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
