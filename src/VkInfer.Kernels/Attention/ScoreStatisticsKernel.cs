using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Statistics of the attention scores of a prefill, by which a softmax is calibrated. It computes the scores a second time, beside the
/// attention: no kernel that is used otherwise pays for it. Shader: <c>attention/attention_scores.comp</c>. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ScoreStatisticsKernel(KernelContext context)
{
    internal int Threads { get; } = context.For("attention_scores").Threads(128);

    /// <summary>Records the statistics of all heads.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="queryType">Element type of <paramref name="query"/>.</param>
    /// <param name="query">[activationRows, Stride(QueryWidth)], rotated.</param>
    /// <param name="rows">The rows, whose keys are stored.</param>
    /// <param name="sequences">Their sequences.</param>
    /// <param name="layer">Where the layer's keys lie.</param>
    /// <param name="statistics">Counters of <see cref="ScoreStatistics.SizeInBytes"/>, zero before the first use, added to.</param>
    /// <param name="activationRows">Rows of the activations.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, ActivationType queryType, BufferView query, RowList rows, SequenceTable sequences,
        KvLayer layer, BufferView statistics, int activationRows)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(sequences);
        shape.Validate();
        rows.Check();
        layer.Check();
        commands.Dispatch(
            context.GetPipeline(Variant(shape.KvType, queryType), SpecializationConstants.From((0, (uint)Threads))),
            ((uint)rows.Most, (uint)shape.NumHeads, 1),
            new ScoreStatisticsPush(
                (uint)Activations.Stride(shape.QueryWidth), (uint)shape.GroupSize, (uint)shape.HeadDim, layer.At, (uint)layer.Group,
                shape.Scale, (uint)shape.Window, shape.LogitSoftCap),
            [
                Activations.Require(nameof(query), query, queryType, activationRows, shape.QueryWidth), rows.Entries, sequences.Entries,
                Activations.Require(nameof(statistics), statistics, ScoreStatistics.SizeInBytes),
            ],
            [.. layer.Read, .. sequences.Addressed]);
    }

    internal static string Variant(KvType kvType, ActivationType queryType) =>
        $"attention_scores_{KvNames.Part(kvType)}_{Activations.VariantPart(queryType)}";
}

/// <summary>Push constants of <c>push/attention_scores.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ScoreStatisticsPush(
    uint QueryStride, uint GroupSize, uint HeadDim, uint LayerAt, uint BlockGroup, float Scale, uint Window, float SoftCap);
