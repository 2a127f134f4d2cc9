using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Rotates queries and keys of a prefill (RoPE, Su et al. 2021) and stores keys and values in the cache. Thread-safe.
/// </summary>
/// <param name="context">The device.</param>
public sealed class RopeStoreKernel(KernelContext context)
{
    internal int Threads { get; } = context.IsSoftware ? context.Capabilities.SubgroupSize : 128;

    /// <summary>Records the rotation and the stores.</summary>
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
    /// <exception cref="ArgumentException">A view is too short, or the rows do not fit into the cache.</exception>
    public void Record(
        CommandList commands, BufferView qkv, AttentionShape shape, BufferView ropeTable, int startPosition, BufferView query,
        BufferView kCache, BufferView vCache, int seqLen, ActivationType queryType = ActivationType.F32)
    {
        ArgumentNullException.ThrowIfNull(commands);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        PrefillRange.Check(shape, startPosition, seqLen);
        var variant = $"rope_store_{PrefillRange.VariantPart(shape.KvType)}_{Activations.VariantPart(queryType)}";
        var constants = new RopeStoreConstants(Threads, shape.Pairing == RopePairing.SplitHalf).ToSpecialization();
        var push = new RopeStorePush(
            (uint)startPosition, (uint)Activations.Stride(shape.QkvWidth), (uint)Activations.Stride(shape.QueryWidth), (uint)shape.NumHeads,
            (uint)shape.NumKvHeads, (uint)shape.HeadDim, (uint)shape.RotaryDim, (uint)shape.Capacity);
        var tableBytes = (long)(startPosition + seqLen) * shape.RotaryDim * 4;
        commands.Dispatch(
            context.GetPipeline(variant, constants),
            ((uint)(((shape.QkvWidth / 2) + Threads - 1) / Threads), (uint)seqLen, 1),
            push,
            [
                Activations.Require(nameof(qkv), qkv, ActivationType.F32, seqLen, shape.QkvWidth),
                shape.RotaryDim == 0 ? ropeTable : Activations.Require(nameof(ropeTable), ropeTable, tableBytes),
                Activations.Require(nameof(query), query, queryType, seqLen, shape.QueryWidth),
                Activations.Require(nameof(kCache), kCache, shape.KvBytes),
                Activations.Require(nameof(vCache), vCache, shape.KvBytes),
            ]);
    }
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
internal sealed record RopeStoreConstants(int Threads, bool SplitHalf)
{
    public SpecializationConstants ToSpecialization() =>
        SpecializationConstants.From((0, (uint)Threads), (1, SpecializationConstants.Bits(SplitHalf)));
}

/// <summary>Push constants of <c>push/rope_store.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RopeStorePush(
    uint StartPosition, uint InputStride, uint QueryStride, uint NumHeads, uint NumKvHeads, uint HeadDim, uint RotaryDim, uint Capacity);
