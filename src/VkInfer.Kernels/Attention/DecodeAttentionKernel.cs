using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Attention of one new token over all cached ones: softmax(scale * q·Kᵀ) V for each query head, with an online softmax over
/// splits of the cache and a merge of their results. The number of splits is fixed when recording; how many tokens each takes
/// follows from the step's position, so that the recording can be replayed. Float32 throughout. Shaders:
/// <c>attention/attention_decode.comp</c> and <c>attention_decode_merge.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device to record for.</param>
public sealed class DecodeAttentionKernel(KernelContext context)
{
    internal const int MergeWorkgroupSize = 128;

    /// <summary>Bytes of the scratch buffer that <see cref="Record"/> takes for partial results; at least 16.</summary>
    /// <param name="shape">The layer's attention.</param>
    public long PartialsBytes(AttentionShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        return PartialsBytes(shape, DecodeAttentionTuning.Choose(shape, context).Splits);
    }

    /// <summary>Records attention over the tokens up to and with the step's position, whose key and value are cached already.</summary>
    /// <param name="commands">Recording list.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="q">float32 [QueryWidth], rotated.</param>
    /// <param name="kCache">The layer's keys.</param>
    /// <param name="vCache">The layer's values.</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; positions from Capacity on attend to the whole cache.</param>
    /// <param name="partials">Scratch of <see cref="PartialsBytes(AttentionShape)"/>, used until the output is written.</param>
    /// <param name="output">float32 [QueryWidth]; only those are written.</param>
    /// <exception cref="ArgumentException">A view too short for the shape.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, BufferView q, BufferView kCache, BufferView vCache, BufferView stepState,
        BufferView partials, BufferView output)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        RecordTuned(commands, shape, DecodeAttentionTuning.Choose(shape, context), q, kCache, vCache, stepState, partials, output);
    }

    internal static long PartialsBytes(AttentionShape shape, int splits) =>
        splits == 1 ? 16 : (long)shape.NumHeads * splits * (shape.HeadDim + 2) * sizeof(float);

    internal void RecordTuned(
        CommandList commands, AttentionShape shape, DecodeAttentionTuning tuning, BufferView q, BufferView kCache, BufferView vCache,
        BufferView stepState, BufferView partials, BufferView output)
    {
        ArgumentNullException.ThrowIfNull(commands);
        Views.RequireFloats(nameof(q), q, shape.QueryWidth);
        Views.RequireBytes(nameof(kCache), kCache, shape.KvBytes);
        Views.RequireBytes(nameof(vCache), vCache, shape.KvBytes);
        Views.RequireBytes(nameof(stepState), stepState, StepState.SizeInBytes);
        Views.RequireBytes(nameof(partials), partials, PartialsBytes(shape, tuning.Splits));
        Views.RequireFloats(nameof(output), output, shape.QueryWidth);

        var push = new DecodeAttentionPush
        {
            NumHeads = (uint)shape.NumHeads,
            GroupSize = (uint)shape.GroupSize,
            HeadDim = (uint)shape.HeadDim,
            Capacity = (uint)shape.Capacity,
            Splits = (uint)tuning.Splits,
            Scale = shape.Scale,
            Window = (uint)shape.Window,
            SoftCap = shape.LogitSoftCap,
        };
        var direct = tuning.Splits == 1;
        var constants = new DecodeAttentionConstants(
            tuning.WorkgroupSize, tuning.Heads, DecodeAttentionTuning.ChunksOf(shape), tuning.Lanes, tuning.Keys,
            tuning.MaxSubgroups(context.Capabilities), direct, SoftCap: shape.LogitSoftCap > 0);
        commands.Dispatch(
            context.GetPipeline("attention_decode_" + KvNames.Suffix(shape.KvType), constants.ToSpecialization()),
            ((uint)(shape.NumKvHeads * tuning.HeadBlocks), (uint)tuning.Splits, 1), in push,
            [q, kCache, vCache, stepState, direct ? output : partials]);
        if (!direct)
        {
            var merge = new DecodeAttentionMergeConstants(MergeWorkgroupSize);
            commands.Dispatch(
                context.GetPipeline("attention_decode_merge", merge.ToSpecialization()), ((uint)shape.NumHeads, 1, 1), in push,
                [partials, stepState, output]);
        }
    }
}
