using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Between the QKV product and attention: adds the bias, normalises heads where the model does, rotates queries and keys (RoPE, Su et
/// al. 2021) and stores keys and values in the cache. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
public sealed class RopeStoreKernel(KernelContext context)
{
    // Of a workgroup on a GPU: as many heads as make it worth the start.
    private const int ElementsPerWorkgroup = 1024;
    private const int MaxThreads = 256;

    /// <summary>How a shape is cut into workgroups: a norm of heads is the workgroup's own.</summary>
    internal RopeStoreConstants Constants(AttentionShape shape, bool biased, bool normed, bool step)
    {
        KernelContext own = context.For("rope_store");
        int heads = normed || own.IsSoftware ? 1 : Math.Clamp(ElementsPerWorkgroup / shape.HeadDim, 1, (int)Heads(shape));
        int threads = own.Threads(heads == 1 ? 64 : MaxThreads);
        return new RopeStoreConstants(threads, shape.Pairing == RopePairing.SplitHalf, biased, normed, step, heads);
    }

    /// <summary>Records it for consecutive tokens.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="qkv">float32 [seqLen, Stride(QkvWidth)]: the heads of Q, then K, then V.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="ropeTable">float32 (cos, sin) [position][RotaryDim / 2].</param>
    /// <param name="startPosition">Position of the first row; the tokens cached before it.</param>
    /// <param name="query">Output, [seqLen, Stride(QueryWidth)] of <paramref name="queryType"/>.</param>
    /// <param name="kCache">Keys [NumKvHeads][Capacity][HeadDim]; positions from <paramref name="startPosition"/> are written.</param>
    /// <param name="vCache">Values, likewise.</param>
    /// <param name="seqLen">Rows.</param>
    /// <param name="queryType">What <see cref="PrefillAttentionKernel.QueryType"/> says for this shape.</param>
    /// <param name="bias">float32 [QkvWidth], if given.</param>
    /// <param name="qkNorm">The norm of heads, if given.</param>
    /// <exception cref="ArgumentException">A view is too short, or the rows do not fit into the cache.</exception>
    public void Record(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, int startPosition, BufferView query,
        BufferView kCache, BufferView vCache, int seqLen, ActivationType queryType = ActivationType.F32, BufferView? bias = null,
        QkNorm? qkNorm = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        PrefillRange.Check(shape, startPosition, seqLen);
        Record(commands, qkv, shape, ropeTable, startPosition, null, query, kCache, vCache, seqLen, queryType, bias, qkNorm);
    }

    /// <summary>Records it for the one token of a decode step.</summary>
    /// <param name="commands">Receives one dispatch.</param>
    /// <param name="qkv">float32 [QkvWidth]: the heads of Q, then K, then V.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="ropeTable">float32 (cos, sin) [Capacity][RotaryDim / 2].</param>
    /// <param name="stepState">The session's <see cref="StepState"/>; nothing is stored at positions from Capacity on.</param>
    /// <param name="query">Output, float32 [QueryWidth].</param>
    /// <param name="kCache">Keys [NumKvHeads][Capacity][HeadDim].</param>
    /// <param name="vCache">Values, likewise.</param>
    /// <param name="bias">float32 [QkvWidth], if given.</param>
    /// <param name="qkNorm">The norm of heads, if given.</param>
    /// <exception cref="ArgumentException">A view is too short.</exception>
    public void RecordStep(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, BufferView stepState, BufferView query,
        BufferView kCache, BufferView vCache, BufferView? bias = null, QkNorm? qkNorm = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        Record(commands, qkv, shape, ropeTable, shape.Capacity - 1, stepState, query, kCache, vCache, 1, ActivationType.F32, bias, qkNorm);
    }

    /// <summary>
    /// Records the dispatch; <paramref name="lastStart"/> is the first row's position, or the greatest that a step may have.
    /// </summary>
    private void Record(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, int lastStart, BufferView? stepState,
        BufferView query, BufferView kCache, BufferView vCache, int seqLen, ActivationType queryType, BufferView? bias, QkNorm? qkNorm)
    {
        ArgumentNullException.ThrowIfNull(commands);
        shape.Validate();
        qkv = Activations.Require(nameof(qkv), qkv, ActivationType.F32, seqLen, shape.QkvWidth);
        RopeStoreConstants constants = Constants(shape, bias.HasValue, qkNorm.HasValue, stepState.HasValue);
        commands.Dispatch(
            context.GetPipeline(
                $"rope_store_{PrefillRange.VariantPart(shape.KvType)}_{Activations.VariantPart(queryType)}", constants.ToSpecialization()),
            (((uint)constants.Heads + Heads(shape) - 1) / (uint)constants.Heads, (uint)seqLen, 1),
            Push(shape, (uint)lastStart, qkNorm),
            [
                qkv,
                Table(ropeTable, shape, lastStart + seqLen),
                Activations.Require(nameof(query), query, queryType, seqLen, shape.QueryWidth),
                Activations.Require(nameof(kCache), kCache, shape.KvBytes),
                Activations.Require(nameof(vCache), vCache, shape.KvBytes),
                Bias(bias, shape, qkv),
                Gains(qkNorm, shape, qkv),
                stepState is { } state ? Activations.Require(nameof(stepState), state, StepState.SizeInBytes) : qkv,
            ]);
    }

    private static uint Heads(AttentionShape shape) => (uint)(shape.NumHeads + (2 * shape.NumKvHeads));

    private static RopeStorePush Push(AttentionShape shape, uint start, QkNorm? qkNorm) => new(
        start, (uint)Activations.Stride(shape.QkvWidth), (uint)Activations.Stride(shape.QueryWidth), (uint)shape.NumHeads,
        (uint)shape.NumKvHeads, (uint)shape.HeadDim, (uint)shape.RotaryDim, (uint)shape.Capacity, qkNorm?.Eps ?? 0);

    internal static BufferView Table(BufferView ropeTable, AttentionShape shape, int positions) => shape.RotaryDim == 0
        ? ropeTable
        : Activations.Require(nameof(ropeTable), ropeTable, (long)positions * shape.RotaryDim * 4);

    // A binding that the shader does not read takes any buffer.
    internal static BufferView Bias(BufferView? bias, AttentionShape shape, BufferView unused) =>
        bias is { } added ? Activations.Require(nameof(bias), added, 4L * shape.QkvWidth) : unused;

    internal static BufferView Gains(QkNorm? qkNorm, AttentionShape shape, BufferView unused) =>
        qkNorm is { } norm ? Activations.Require(nameof(qkNorm), norm.Gains, 8L * shape.HeadDim) : unused;
}

/// <summary>What the prefill kernels of attention have in common.</summary>
internal static class PrefillRange
{
    /// <summary>Checks that the rows fit into the cache.</summary>
    public static void Check(AttentionShape shape, int startPosition, int seqLen)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startPosition);
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        if ((long)startPosition + seqLen > shape.Capacity)
        {
            throw new ArgumentException(
                $"{seqLen} tokens from position {startPosition} do not fit into a cache of {shape.Capacity}", nameof(seqLen));
        }
    }

    /// <summary>The part of a name in <c>shaders/variants.cmake</c> that stands for the cache's type.</summary>
    public static string VariantPart(KvType type) => type == KvType.F16 ? "f16" : "f32";
}

/// <summary>Specialisation constants of <c>attention/rope_store.comp</c>.</summary>
internal readonly record struct RopeStoreConstants(
    int Threads, bool SplitHalf, bool Bias, bool QkNorm, bool StepState, int Heads) : IKernelConstants
{
    public static IReadOnlyList<string> Names { get; } = ["WORKGROUP_SIZE", "SPLIT_HALF", "BIAS", "QK_NORM", "STEP_STATE", "HEADS"];

    public static string Source => "attention/rope_store.comp";

    public SpecializationConstants ToSpecialization() => SpecializationConstants.From(
        (0, (uint)Threads), (1, SpecializationConstants.Bits(SplitHalf)), (2, SpecializationConstants.Bits(Bias)),
        (3, SpecializationConstants.Bits(QkNorm)), (4, SpecializationConstants.Bits(StepState)), (5, (uint)Heads));
}

/// <summary>Push constants of <c>push/rope_store.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RopeStorePush(
    uint StartPosition, uint InputStride, uint QueryStride, uint NumHeads, uint NumKvHeads, uint HeadDim, uint RotaryDim, uint Capacity,
    float Epsilon);
