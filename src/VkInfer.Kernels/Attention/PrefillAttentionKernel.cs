using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Attention of runs of rows, causal or in both directions, each run of one sequence and over its own cache:
/// softmax(Q Kᵀ scale) V in blocks (FlashAttention, Dao et al. 2022),
/// on the matrix units where the device, the head dimension and the cache's type allow, else on the scalar units in float32.
/// Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class PrefillAttentionKernel(KernelContext context)
{
    // How queries are stored depends on it: asked once for a type of cache, whose form was tested before its first use.
    private readonly ConcurrentDictionary<KvType, bool> _isLeftOut = new();

    /// <summary>How queries must be stored for a shape.</summary>
    /// <param name="shape">The layer's attention.</param>
    public ActivationType QueryType(AttentionShape shape) =>
        MatrixTiling(shape, SoftmaxScheme.Synchronized, 1) is null ? ActivationType.F32 : ActivationType.F16;

    /// <summary>How many rows a tile may have.</summary>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="scheme">How the softmax is accumulated.</param>
    /// <param name="seqLen">Rows of the longest run.</param>
    /// <exception cref="NotSupportedException">The device's shared memory holds no tile of this head dimension.</exception>
    public int TileRows(AttentionShape shape, SoftmaxScheme scheme, int seqLen) => Tiling(shape, scheme, seqLen).BlockQ;

    /// <summary>Records the attention of all heads.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated.</param>
    /// <param name="tiles">
    /// Tiles of consecutive rows and positions of one sequence: at most <see cref="TileRows"/> each, whose keys and values are stored.
    /// Those with the most keys should stand first. Where queries see later keys, cut with that (<see cref="RowList.Tiles"/>).
    /// </param>
    /// <param name="sequences">Their sequences.</param>
    /// <param name="layer">Where the layer's keys and values lie.</param>
    /// <param name="query">[activationRows, Stride(QueryWidth)] of <see cref="QueryType"/>, rotated.</param>
    /// <param name="output">Output, [activationRows, Stride(QueryWidth)] of <paramref name="outputType"/>.</param>
    /// <param name="activationRows">Rows of the activations.</param>
    /// <param name="seqLen">Rows of the longest run, as for <see cref="TileRows"/>.</param>
    /// <param name="outputType">How the output is stored.</param>
    /// <param name="sinks">float32 [NumHeads], if given: a score more of each head, without a value.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    /// <exception cref="NotSupportedException">The device's shared memory holds no tile of this head dimension.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, RowList tiles, SequenceTable sequences, KvLayer layer,
        BufferView query, BufferView output, int activationRows, int seqLen, ActivationType outputType = ActivationType.F32,
        BufferView? sinks = null)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        softmax.Validate();
        RecordTiled(
            commands, Tiling(shape, softmax.Scheme, seqLen), shape, softmax, tiles, sequences, layer, query, output, activationRows,
            outputType, sinks);
    }

    /// <summary>Records the attention with a tiling of the caller's choice.</summary>
    internal void RecordTiled(
        CommandList commands, IPrefillAttentionTiling tiling, AttentionShape shape, AttentionSoftmax softmax, RowList tiles,
        SequenceTable sequences, KvLayer layer, BufferView query, BufferView output, int activationRows, ActivationType outputType,
        BufferView? sinks = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        tiles.Check();
        layer.Check();
        bool matrix = tiling is PrefillAttentionMatrixConstants;
        ActivationType queryType = matrix ? ActivationType.F16 : ActivationType.F32;
        ComputePipeline pipeline = context.GetPipeline(
            Variant(shape.KvType, outputType, matrix), tiling.ToSpecialization(softmax.Scheme, sinks.HasValue, shape.SeesLater),
            tiling.SubgroupSize, fullSubgroups: matrix);
        uint stride = (uint)Activations.Stride(shape.QueryWidth);
        commands.Dispatch(
            pipeline,
            ((uint)shape.NumHeads, (uint)tiles.Most, 1),
            new PrefillAttentionPush(
                stride, stride, (uint)shape.GroupSize, (uint)shape.ValueHeads, layer.At, (uint)layer.Group, shape.Scale, (uint)shape.Window,
                shape.LogitSoftCap, softmax.Phi, softmax.Lower, softmax.Upper),
            [
                Activations.Require(nameof(query), query, queryType, activationRows, shape.QueryWidth), tiles.Entries, sequences.Entries,
                Activations.Require(nameof(output), output, outputType, activationRows, shape.QueryWidth),
                DecodeAttentionKernel.Sinks(sinks, shape, query),
            ],
            [.. layer.Read, .. sequences.Addressed]);
    }

    /// <summary>What a run of consecutive rows has to do, for a profile.</summary>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="start">Position of the first.</param>
    public static DispatchWork DescribeRun(AttentionShape shape, int seqLen, int start)
    {
        ArgumentNullException.ThrowIfNull(shape);
        return Work(shape, seqLen, start);
    }

    /// <summary>Each query meets the keys up to its own position, or all, or those of its window.</summary>
    private static DispatchWork Work(AttentionShape shape, int seqLen, int start)
    {
        long pairs = 0;
        int end = start + seqLen;
        for (int position = start; position < end; position++)
        {
            int later = shape.SeesLater ? end - 1 - position : 0;
            pairs += shape.Window > 0 ? Math.Min(position + 1, shape.Window) + Math.Min(later, shape.Window - 1) : position + 1 + later;
        }

        return new DispatchWork(
            $"{seqLen} behind {start}, {shape.NumHeads}/{shape.NumKvHeads} heads of {shape.HeadDim}",
            (start + seqLen) * KvLayout.PositionBytes(shape), 4 * pairs * shape.NumHeads * shape.HeadDim);
    }

    internal static string Variant(KvType kvType, ActivationType outputType, bool matrix) =>
        $"attention_prefill_{KvNames.Part(kvType)}_{Activations.VariantPart(outputType)}{(matrix ? "_coopmat" : "")}";

    /// <summary>The form on the matrix units, as <see cref="KernelForms"/> knows it.</summary>
    internal static string MatrixForm(KvType type) => Variant(type, ActivationType.F32, matrix: true);

    /// <summary>The form on the scalar units, which has two spreads.</summary>
    internal static string ScalarForm(KvType type) => $"attention_prefill_{KvNames.Part(type)}";

    private IPrefillAttentionTiling Tiling(AttentionShape shape, SoftmaxScheme scheme, int seqLen) =>
        MatrixTiling(shape, scheme, seqLen) is { } matrix
            ? matrix
            : PrefillAttentionHeuristic.Scalar(context.Capabilities, context.For(ScalarForm(shape.KvType)).IsSoftware, shape.HeadDim);

    /// <summary>On a CPU device fragments are emulated: the scalar form is faster there.</summary>
    private PrefillAttentionMatrixConstants? MatrixTiling(AttentionShape shape, SoftmaxScheme scheme, int seqLen) =>
        !context.IsSoftware && ShaderLibrary.Contains(MatrixForm(shape.KvType))
        && !_isLeftOut.GetOrAdd(shape.KvType, type => context.Forms.IsLeftOut(MatrixForm(type)))
            ? PrefillAttentionHeuristic.Matrix(context.Capabilities, context.IsSoftware, shape, scheme, seqLen)
            : null;
}

/// <summary>Push constants of <c>push/attention_prefill.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PrefillAttentionPush(
    uint QueryStride, uint OutputStride, uint GroupSize, uint KvHeads, uint LayerAt, uint BlockGroup, float Scale, uint Window,
    float SoftCap, float Phi, float Lower, float Upper);
