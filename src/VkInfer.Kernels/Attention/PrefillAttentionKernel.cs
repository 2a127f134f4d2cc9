using System.Collections.Frozen;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Causal attention of a prefill over the cache: softmax(Q Kᵀ scale) V in blocks (FlashAttention, Dao et al. 2022), on the matrix
/// units where the device, the head dimension and the cache's type allow, else on the scalar units in float32. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
public sealed class PrefillAttentionKernel(KernelContext context)
{
    // How queries are stored depends on it.
    private readonly FrozenSet<string> _leftOut = context.Forms.Snapshot();

    /// <summary>How queries must be stored for a shape.</summary>
    /// <param name="shape">The layer's attention.</param>
    public ActivationType QueryType(AttentionShape shape) =>
        MatrixTiling(shape, SoftmaxScheme.Synchronized, 1) is null ? ActivationType.F32 : ActivationType.F16;

    /// <summary>Records the attention of all heads.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="softmax">How the softmax is accumulated.</param>
    /// <param name="query">[seqLen, Stride(QueryWidth)] of <see cref="QueryType"/>, rotated.</param>
    /// <param name="kCache">Keys [NumKvHeads][Capacity][HeadDim], in use up to startPosition + seqLen.</param>
    /// <param name="vCache">Values, likewise.</param>
    /// <param name="stats">Counters of <see cref="SoftmaxStats.SizeInBytes"/>, added to.</param>
    /// <param name="output">Output, [seqLen, Stride(QueryWidth)] of <paramref name="outputType"/>.</param>
    /// <param name="seqLen">Queries.</param>
    /// <param name="startPosition">Position of the first query.</param>
    /// <param name="outputType">How the output is stored.</param>
    /// <exception cref="ArgumentException">A view is too short, or the rows do not fit into the cache.</exception>
    /// <exception cref="NotSupportedException">The device's shared memory holds no tile of this head dimension.</exception>
    public void Record(
        CommandList commands, AttentionShape shape, AttentionSoftmax softmax, BufferView query, BufferView kCache, BufferView vCache,
        BufferView stats, BufferView output, int seqLen, int startPosition, ActivationType outputType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        softmax.Validate();
        PrefillRange.Check(shape, startPosition, seqLen);
        IPrefillAttentionTiling tiling = MatrixTiling(shape, softmax.Scheme, seqLen) is { } matrix
            ? matrix
            : PrefillAttentionHeuristic.Scalar(
                context.Capabilities, context.For(ScalarForm(shape.KvType)).IsSoftware, shape.HeadDim);
        RecordTiled(commands, tiling, shape, softmax, query, kCache, vCache, stats, output, seqLen, startPosition, outputType);
    }

    /// <summary>Records the attention with a tiling of the caller's choice.</summary>
    internal void RecordTiled(
        CommandList commands, IPrefillAttentionTiling tiling, AttentionShape shape, AttentionSoftmax softmax, BufferView query,
        BufferView kCache, BufferView vCache, BufferView stats, BufferView output, int seqLen, int startPosition,
        ActivationType outputType)
    {
        bool matrix = tiling is PrefillAttentionMatrixConstants;
        ActivationType queryType = matrix ? ActivationType.F16 : ActivationType.F32;
        ComputePipeline pipeline = context.GetPipeline(
            Variant(shape.KvType, outputType, matrix), tiling.ToSpecialization(softmax.Scheme), tiling.SubgroupSize, fullSubgroups: matrix);
        uint stride = (uint)Activations.Stride(shape.QueryWidth);
        if (commands.IsProfiled)
        {
            commands.Describe(Work(shape, seqLen, startPosition));
        }

        commands.Dispatch(
            pipeline,
            ((uint)shape.NumHeads, (uint)((seqLen + tiling.BlockQ - 1) / tiling.BlockQ), 1),
            new PrefillAttentionPush(
                (uint)seqLen, (uint)startPosition, stride, stride, (uint)shape.Capacity, (uint)shape.GroupSize, shape.Scale,
                (uint)shape.Window, shape.LogitSoftCap, softmax.Phi, softmax.Lower, softmax.Upper),
            [
                Activations.Require(nameof(query), query, queryType, seqLen, shape.QueryWidth),
                Activations.Require(nameof(kCache), kCache, shape.KvBytes),
                Activations.Require(nameof(vCache), vCache, shape.KvBytes),
                Activations.Require(nameof(output), output, outputType, seqLen, shape.QueryWidth),
                Activations.Require(nameof(stats), stats, SoftmaxStats.SizeInBytes),
            ]);
    }

    /// <summary>Each query meets the keys up to its own position, or those of its window.</summary>
    private static DispatchWork Work(AttentionShape shape, int seqLen, int start)
    {
        long pairs = 0;
        for (int position = start; position < start + seqLen; position++)
        {
            pairs += shape.Window > 0 ? Math.Min(position + 1, shape.Window) : position + 1;
        }

        return new DispatchWork(
            $"{seqLen} behind {start}, {shape.NumHeads}/{shape.NumKvHeads} heads of {shape.HeadDim}",
            2L * (start + seqLen) * shape.NumKvHeads * shape.HeadDim * shape.KvElementSize, 4 * pairs * shape.NumHeads * shape.HeadDim);
    }

    internal static string Variant(KvType kvType, ActivationType outputType, bool matrix) =>
        $"attention_prefill_{PrefillRange.VariantPart(kvType)}_{Activations.VariantPart(outputType)}{(matrix ? "_coopmat" : "")}";

    /// <summary>The form on the matrix units, as <see cref="KernelForms"/> knows it.</summary>
    internal static string MatrixForm => Variant(KvType.F16, ActivationType.F32, matrix: true);

    /// <summary>The form on the scalar units, which has two spreads.</summary>
    internal static string ScalarForm(KvType type) => $"attention_prefill_{PrefillRange.VariantPart(type)}";

    /// <summary>On a CPU device fragments are emulated: the scalar form is faster there.</summary>
    private PrefillAttentionMatrixConstants? MatrixTiling(AttentionShape shape, SoftmaxScheme scheme, int seqLen) =>
        !context.IsSoftware && ShaderLibrary.Contains(MatrixForm) && !_leftOut.Contains(MatrixForm)
            ? PrefillAttentionHeuristic.Matrix(context.Capabilities, context.IsSoftware, shape, scheme, seqLen)
            : null;
}

/// <summary>Push constants of <c>push/attention_prefill.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PrefillAttentionPush(
    uint SeqLen, uint StartPosition, uint QueryStride, uint OutputStride, uint Capacity, uint GroupSize, float Scale, uint Window,
    float SoftCap, float Phi, float Lower, float Upper);
