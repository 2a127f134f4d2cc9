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
        return ScratchBytes(shape, DecodeAttentionTuning.Choose(shape, context));
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
    /// <param name="output">[QueryWidth] of <paramref name="outputType"/>; only those are written. It begins at a multiple of 16 bytes.</param>
    /// <param name="outputType">How the output is stored.</param>
    /// <param name="sequences">How many such dispatches share the device: the more, the fewer splits each needs.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, BufferView q, BufferView kCache, BufferView vCache,
        BufferView stepState, BufferView scratch, BufferView stats, BufferView output, ActivationType outputType = ActivationType.F32,
        int sequences = 1)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        softmax.Validate();
        RecordTuned(
            commands, shape, softmax, DecodeAttentionTuning.Choose(shape, context, sequences), q, kCache, vCache, stepState, scratch, stats, output,
            outputType);
    }

    internal void RecordTuned(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, DecodeAttentionTuning tuning, BufferView q,
        BufferView kCache, BufferView vCache, BufferView stepState, BufferView scratch, BufferView stats, BufferView output,
        ActivationType outputType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        Views.RequireFloats(nameof(q), q, shape.QueryWidth);
        Views.RequireBytes(nameof(kCache), kCache, shape.KvBytes);
        Views.RequireBytes(nameof(vCache), vCache, shape.KvBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Views.RequireBytes(nameof(scratch), scratch, ScratchBytes(shape, tuning));
        Views.RequireBytes(nameof(stats), stats, SoftmaxStats.SizeInBytes);
        output = Activations.Require(nameof(output), output, (long)shape.QueryWidth * Activations.ElementSize(outputType));

        // A row among others need not begin where a binding may.
        var skipped = output.Offset % context.Capabilities.StorageBufferOffsetAlignment;
        output = new BufferView(output.Buffer, output.Offset - skipped, output.Length + skipped);
        var push = new DecodeAttentionPush
        {
            GroupSize = (uint)shape.GroupSize,
            Capacity = (uint)shape.Capacity,
            Splits = (uint)tuning.Splits,
            MinKeys = (uint)tuning.MinKeys,
            Scale = shape.Scale,
            Window = (uint)shape.Window,
            SoftCap = shape.LogitSoftCap,
            Phi = softmax.Phi,
            Lower = softmax.Lower,
            Upper = softmax.Upper,
            OutputFirst = (uint)(skipped / (4 * Activations.ElementSize(outputType))),
        };
        var arrivals = ArrivalBytes(shape, tuning);
        commands.Dispatch(
            context.GetPipeline(
                Variant(shape.KvType, outputType),
                tuning.ToConstants(shape, softmax.Scheme, context.Capabilities).ToSpecialization()),
            ((uint)(shape.NumKvHeads * tuning.HeadBlocks), (uint)tuning.Splits, 1), in push,
            [
                q, kCache, vCache, stepState, scratch.Buffer.View(scratch.Offset + arrivals, scratch.Length - arrivals),
                scratch.Buffer.View(scratch.Offset, arrivals), stats, output,
            ]);
    }

    internal static string Variant(KvType kvType, ActivationType outputType) =>
        $"attention_decode_{KvNames.Suffix(kvType)}{(outputType == ActivationType.F16 ? "_out_f16" : "")}";

    internal long ScratchBytes(AttentionShape shape, DecodeAttentionTuning tuning) =>
        ArrivalBytes(shape, tuning) + ((long)shape.NumHeads * tuning.Splits * (shape.HeadDim + 4) * sizeof(float));

    // Counters of arrived splits, before the partial results.
    private long ArrivalBytes(AttentionShape shape, DecodeAttentionTuning tuning)
    {
        const int BytesPerBlock = 2 * sizeof(uint);
        long alignment = Math.Max(context.Capabilities.StorageBufferOffsetAlignment, 16);
        long bytes = (long)shape.NumKvHeads * tuning.HeadBlocks * BytesPerBlock;
        return (bytes + alignment - 1) / alignment * alignment;
    }
}
