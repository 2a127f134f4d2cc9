using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Statistics of the attention scores of a prefill, by which a softmax is calibrated. It computes the scores a second time, beside the
/// attention: no kernel that is used otherwise pays for it. Shader: <c>attention/attention_scores.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
public sealed class ScoreStatisticsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("attention_scores").Threads(128);

    /// <summary>Records the statistics of all heads.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="queryType">Element type of <paramref name="query"/>.</param>
    /// <param name="query">[seqLen, Stride(QueryWidth)], rotated.</param>
    /// <param name="kCache">Keys [NumKvHeads][Capacity][HeadDim], in use up to startPosition + seqLen.</param>
    /// <param name="statistics">Counters of <see cref="ScoreStatistics.SizeInBytes"/>, zero before the first use, added to.</param>
    /// <param name="seqLen">Queries.</param>
    /// <param name="startPosition">Position of the first query.</param>
    /// <exception cref="ArgumentException">A view is too short, or the rows do not fit into the cache.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, ActivationType queryType, BufferView query, BufferView kCache, BufferView statistics,
        int seqLen, int startPosition)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        PrefillRange.Check(shape, startPosition, seqLen);
        commands.Dispatch(
            context.GetPipeline(Variant(shape.KvType, queryType), SpecializationConstants.From((0, (uint)Threads))),
            ((uint)seqLen, (uint)shape.NumHeads, 1),
            new ScoreStatisticsPush(
                (uint)seqLen, (uint)startPosition, (uint)Activations.Stride(shape.QueryWidth), (uint)shape.Capacity, (uint)shape.GroupSize,
                (uint)shape.HeadDim, shape.Scale, (uint)shape.Window, shape.LogitSoftCap),
            [
                Activations.Require(nameof(query), query, queryType, seqLen, shape.QueryWidth),
                Activations.Require(nameof(kCache), kCache, shape.KvBytes),
                Activations.Require(nameof(statistics), statistics, ScoreStatistics.SizeInBytes),
            ]);
    }

    internal static string Variant(KvType kvType, ActivationType queryType) =>
        $"attention_scores_{PrefillRange.VariantPart(kvType)}_{Activations.VariantPart(queryType)}";
}

/// <summary>Push constants of <c>push/attention_scores.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ScoreStatisticsPush(
    uint SeqLen, uint StartPosition, uint QueryStride, uint Capacity, uint GroupSize, uint HeadDim, float Scale, uint Window,
    float SoftCap);
