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
    SpecializationConstants ToSpecialization(SoftmaxScheme scheme, bool sinks = false, bool seesLater = false);
}

/// <summary>Specialisation constants of <c>attention/attention_prefill.comp</c>.</summary>
internal sealed record PrefillAttentionConstants(int HeadDim, int BlockQ, int BlockKv, int ThreadsQ, int ThreadsD) : IPrefillAttentionTiling
{
    private int Threads => ThreadsQ * ThreadsD;

    public int? SubgroupSize => null;

    public int SharedMemoryBytes =>
        ((BlockQ + BlockKv) * (HeadDim + 4) * 4) + (BlockQ * (BlockKv + 1) * 4) + (Threads * 4) + (2 * BlockQ * 4);

    public SpecializationConstants ToSpecialization(SoftmaxScheme scheme, bool sinks = false, bool seesLater = false) =>
        SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)HeadDim), (2, (uint)BlockQ), (3, (uint)BlockKv), (4, (uint)ThreadsQ), (5, (uint)ThreadsD),
        (6, (uint)scheme), (7, SpecializationConstants.Bits(sinks)), (8, SpecializationConstants.Bits(seesLater)));
}

/// <summary>Specialisation constants of <c>attention/attention_prefill_coopmat.comp</c>.</summary>
internal sealed record PrefillAttentionMatrixConstants(
    int HeadDim, int BlockKv, int UnitKv, int Subgroups, int RowFragments, MatrixShape Fragment, bool Lockstep) : IPrefillAttentionTiling
{
    public int BlockQ => Subgroups * RowFragments * Fragment.M;

    public int Threads => Subgroups * Fragment.SubgroupSize;

    public int? SubgroupSize => Fragment.SubgroupSize;

    public int SharedMemoryBytes =>
        (2 * BlockKv * (HeadDim + 8) * 2) + (Subgroups * Fragment.M * (UnitKv + 4) * 4) + (3 * BlockQ * 4) + (BlockKv * 4) + 4;

    /// <summary>Whether the keys of a unit are whole fragments and, of each lane, whole words.</summary>
    public bool IsWhole => UnitKv % Math.Max(Fragment.N, Fragment.K) == 0 && UnitKv % (8 * Fragment.SubgroupSize / Fragment.M) == 0
        && UnitKv + 4 >= Fragment.N && BlockKv % UnitKv == 0;

    public SpecializationConstants ToSpecialization(SoftmaxScheme scheme, bool sinks = false, bool seesLater = false) =>
        SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)HeadDim), (2, (uint)BlockKv), (3, (uint)Subgroups), (4, (uint)Fragment.SubgroupSize),
        (5, (uint)Fragment.M), (6, (uint)Fragment.N), (7, (uint)Fragment.K), (8, (uint)scheme), (9, (uint)RowFragments), (10, (uint)UnitKv),
        (11, SpecializationConstants.Bits(Lockstep)), (12, SpecializationConstants.Bits(sinks)),
        (13, SpecializationConstants.Bits(seesLater)));
}

/// <summary>Chooses the tiling of prefill attention from what the device reports.</summary>
internal static class PrefillAttentionHeuristic
{
    /// <summary>Beyond it a subgroup's queries and sums would not fit into its registers.</summary>
    private const int MaxMatrixHeadDim = 128;

    /// <summary>
    /// Queries from which tall blocks pay: they read the keys less often, and short prompts have too few of them for all cores. Measured on
    /// an H200.
    /// </summary>
    private const int ManyQueries = 384;

    /// <summary>
    /// The form on the matrix units; null where the shape or the device has no such form. Values that are keys have none: their queries
    /// are made as float32.
    /// </summary>
    /// <param name="capabilities">The device.</param>
    /// <param name="software">Whether it is a processor, on which a barrier of a subgroup is one of the workgroup.</param>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="scheme">How the softmax is accumulated.</param>
    /// <param name="seqLen">Queries.</param>
    public static PrefillAttentionMatrixConstants? Matrix(
        DeviceCapabilities capabilities, bool software, AttentionShape shape, SoftmaxScheme scheme, int seqLen)
    {
        if (shape.KvType == KvType.F32 || shape.HasKeysAsValues || MatrixUnits.Find(capabilities) is not { HasHalfSums: true } fragment
            || shape.HeadDim % Math.Max(fragment.N, fragment.K) != 0 || shape.HeadDim > MaxMatrixHeadDim)
        {
            return null;
        }

        // One frame for all leaves registers for a second fragment of queries, which halves what is read from shared memory.
        PrefillAttentionMatrixConstants tall = scheme == SoftmaxScheme.Asynchronized
            ? Tiling(16, 16, 4, rowFragments: 2)
            : Tiling(64, 16, 8);
        PrefillAttentionMatrixConstants[] usual = [Tiling(32, 32, 4), Tiling(32, 32, 2), Tiling(16, 16, 4), Tiling(16, 16, 2)];
        return (seqLen >= ManyQueries ? usual.Prepend(tall) : usual)
            .Where(tiling => tiling.IsWhole)
            .FirstOrDefault(tiling =>
                tiling.SharedMemoryBytes <= capabilities.MaxSharedMemoryBytes && tiling.Threads <= capabilities.MaxWorkgroupInvocations);

        PrefillAttentionMatrixConstants Tiling(int blockKv, int unitKv, int subgroups, int rowFragments = 1) =>
            new(shape.HeadDim, blockKv, unitKv, subgroups, rowFragments, fragment, Lockstep: software);
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
