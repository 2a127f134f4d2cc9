using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How a prefill attention is cut into workgroups.</summary>
internal interface IPrefillAttentionTiling
{
    /// <summary>Queries of a workgroup.</summary>
    int BlockQ { get; }

    /// <summary>Bytes of shared memory.</summary>
    int SharedMemoryBytes { get; }

    /// <summary>The subgroup size that the pipeline needs, if it matters.</summary>
    int? SubgroupSize { get; }

    /// <summary>The shader's specialisation constants.</summary>
    SpecializationConstants ToSpecialization(SoftmaxScheme scheme);
}

/// <summary>Specialisation constants of <c>attention/attention_prefill.comp</c>.</summary>
internal sealed record PrefillAttentionConstants(int HeadDim, int BlockQ, int BlockKv, int ThreadsQ, int ThreadsD) : IPrefillAttentionTiling
{
    private int Threads => ThreadsQ * ThreadsD;

    public int? SubgroupSize => null;

    public int SharedMemoryBytes =>
        ((BlockQ + BlockKv) * (HeadDim + 4) * 4) + (BlockQ * (BlockKv + 1) * 4) + (Threads * 4) + (2 * BlockQ * 4);

    public SpecializationConstants ToSpecialization(SoftmaxScheme scheme) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)HeadDim), (2, (uint)BlockQ), (3, (uint)BlockKv), (4, (uint)ThreadsQ), (5, (uint)ThreadsD),
        (6, (uint)scheme));
}

/// <summary>Specialisation constants of <c>attention/attention_prefill_coopmat.comp</c>.</summary>
internal sealed record PrefillAttentionMatrixConstants(int HeadDim, int BlockKv, int Subgroups, MatrixShape Fragment) : IPrefillAttentionTiling
{
    public int BlockQ => Subgroups * Fragment.M;

    public int? SubgroupSize => Fragment.SubgroupSize;

    public int SharedMemoryBytes =>
        (Math.Max(2 * BlockKv, BlockQ) * (HeadDim + 8) * 2) + (BlockQ * (BlockKv + 4) * 4) + (BlockQ * (BlockKv + 8) * 2)
        + (2 * BlockQ * 4) + (BlockKv * 4);

    public SpecializationConstants ToSpecialization(SoftmaxScheme scheme) => SpecializationConstants.From(
        (0, (uint)(Subgroups * Fragment.SubgroupSize)), (1, (uint)HeadDim), (2, (uint)BlockKv), (3, (uint)Subgroups),
        (4, (uint)Fragment.SubgroupSize), (5, (uint)Fragment.M), (6, (uint)Fragment.N), (7, (uint)Fragment.K),
        (8, (uint)scheme));
}

/// <summary>Chooses the tiling of prefill attention from what the device reports.</summary>
internal static class PrefillAttentionHeuristic
{
    /// <summary>Beyond it a subgroup's queries and sums would not fit into its registers.</summary>
    private const int MaxMatrixHeadDim = 128;

    /// <summary>The form on the matrix units; null where the shape or the device has no such form.</summary>
    public static PrefillAttentionMatrixConstants? Matrix(DeviceCapabilities capabilities, AttentionShape shape)
    {
        if (shape.KvType != KvType.F16 || MatrixUnits.Find(capabilities) is not { } fragment
            || shape.HeadDim % Math.Max(fragment.N, fragment.K) != 0 || shape.HeadDim > MaxMatrixHeadDim)
        {
            return null;
        }

        PrefillAttentionMatrixConstants[] tilings =
        [
            new(shape.HeadDim, 32, 4, fragment), new(shape.HeadDim, 32, 2, fragment),
            new(shape.HeadDim, 16, 4, fragment), new(shape.HeadDim, 16, 2, fragment),
        ];
        return tilings
            .Where(tiling => tiling.BlockKv % (4 * fragment.SubgroupSize / fragment.M) == 0)
            .FirstOrDefault(tiling => tiling.SharedMemoryBytes <= capabilities.MaxSharedMemoryBytes
                && tiling.Subgroups * fragment.SubgroupSize <= capabilities.MaxWorkgroupInvocations);
    }

    /// <summary>The form on the scalar units, for every shape.</summary>
    /// <exception cref="NotSupportedException">No tile fits into the device's shared memory.</exception>
    public static PrefillAttentionConstants Scalar(DeviceCapabilities capabilities, bool software, int headDim)
    {
        PrefillAttentionConstants[] tilings = software
            ? [new(headDim, 8, 16, 2, 4), new(headDim, 8, 8, 2, 4), new(headDim, 8, 4, 2, 4)]
            :
            [
                new(headDim, 32, 32, 8, 16), new(headDim, 32, 16, 8, 16), new(headDim, 16, 16, 8, 16), new(headDim, 8, 8, 8, 16),
                new(headDim, 8, 4, 8, 16),
            ];
        return tilings
            .FirstOrDefault(tiling => tiling.SharedMemoryBytes <= capabilities.MaxSharedMemoryBytes)
            ?? throw new NotSupportedException(
                $"attention with a head dimension of {headDim} needs more shared memory than the device's {capabilities.MaxSharedMemoryBytes} bytes");
    }
}
