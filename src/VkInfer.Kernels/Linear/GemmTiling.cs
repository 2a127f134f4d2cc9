using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How a matrix product is cut into workgroups, for one of the GEMM shaders.</summary>
internal interface IGemmTiling
{
    /// <summary>Rows of C that a workgroup makes.</summary>
    int BlockM { get; }

    /// <summary>Columns of C that a workgroup makes.</summary>
    int BlockN { get; }

    /// <summary>Invocations of a workgroup.</summary>
    int Threads { get; }

    /// <summary>Bytes of shared memory.</summary>
    int SharedMemoryBytes { get; }

    /// <summary>The subgroup size that the pipeline needs, if it matters.</summary>
    int? SubgroupSize { get; }

    /// <summary>The last part of the variant's name.</summary>
    string Form { get; }

    /// <summary>How the form takes A.</summary>
    ActivationType Input { get; }

    /// <summary>
    /// Rows of A that the form reads for some rows of C: what lies in those beyond has no effect, but they must be there.
    /// </summary>
    int InputRows(int seqLen) => seqLen;

    /// <summary>The same tiling for m rows of A, where they are part of it.</summary>
    IGemmTiling For(int m) => this;

    /// <summary>Whether a device's workgroups have so many invocations and so much shared memory.</summary>
    bool Fits(DeviceCapabilities capabilities) =>
        SharedMemoryBytes <= capabilities.MaxSharedMemoryBytes && Threads <= capabilities.MaxWorkgroupInvocations;

    /// <summary>Workgroups that share a tile and divide its K: more than one need <see cref="GemmScratch"/>.</summary>
    int Splits => 1;

    /// <summary>The shader's specialisation constants.</summary>
    SpecializationConstants ToSpecialization(bool accumulate);
}

/// <summary>A tiling whose shader also makes f(gate) · up of weights [gate | up].</summary>
internal interface IGatedGemmTiling : IGemmTiling
{
    /// <summary>Whether its subgroups have as many fragments of gate as of up.</summary>
    bool CanGate => true;

    /// <summary>The shader's specialisation constants for it.</summary>
    SpecializationConstants ToGatedSpecialization(ActivationFunction gate);
}

/// <summary>A tiling whose shader also takes rows of experts: <see cref="GroupedGemmKernel"/>.</summary>
internal interface IGroupedGemmTiling : IGemmTiling
{
    /// <summary>The shader's specialisation constants for it.</summary>
    /// <param name="end">What becomes of its sums.</param>
    SpecializationConstants ToGroupedSpecialization(GroupedEnd end);
}

/// <summary>What becomes of the sums of a product of experts.</summary>
/// <param name="Function">f of f(gate) · up where there is a gate, else of the sums.</param>
/// <param name="IsGated">Whether the weights have gates, then ups.</param>
/// <param name="IsBiased">Whether each row of the weights has a bias.</param>
internal readonly record struct GroupedEnd(ActivationFunction Function, bool IsGated, bool IsBiased)
{
    /// <summary>As shaders take f where there is a gate.</summary>
    public uint Gate => IsGated ? (uint)Function : 0;

    /// <summary>As they take it where there is none.</summary>
    public uint Plain => IsGated ? 0 : (uint)Function;
}

/// <summary>Specialisation constants of <c>linear/gemm_direct.comp</c>: no shared memory, for CPU devices.</summary>
internal sealed record GemmDirectConstants(int Threads, int TileM, int TileN) : IGroupedGemmTiling
{
    public int BlockM => TileM;

    public int BlockN => Threads * TileN;

    public int SharedMemoryBytes => 0;

    public int? SubgroupSize => null;

    public string Form => "direct";

    public ActivationType Input => ActivationType.F32;

    public SpecializationConstants ToSpecialization(bool accumulate) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)TileM), (2, (uint)TileN), (3, SpecializationConstants.Bits(accumulate)));

    public SpecializationConstants ToGroupedSpecialization(GroupedEnd end) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)TileM), (2, (uint)TileN), (4, SpecializationConstants.Bits(true)),
        (5, SpecializationConstants.Bits(end.IsBiased)), (6, end.Gate), (7, end.Plain));
}

/// <summary>Specialisation constants of <c>linear/gemm_tiled.comp</c>: the scalar units of a GPU.</summary>
internal sealed record GemmTiledConstants(int ThreadsM, int ThreadsN, int TileM, int TileN) : IGroupedGemmTiling
{
    private const int BlockK = 32;

    public int Threads => ThreadsM * ThreadsN;

    public int BlockM => ThreadsM * TileM;

    public int BlockN => ThreadsN * TileN;

    public int SharedMemoryBytes => (BlockM + BlockN) * (BlockK + 4) * 4;

    public int? SubgroupSize => null;

    public string Form => "tiled";

    public ActivationType Input => ActivationType.F32;

    public SpecializationConstants ToSpecialization(bool accumulate) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)TileM), (2, (uint)TileN), (3, SpecializationConstants.Bits(accumulate)),
        (4, (uint)ThreadsM), (5, (uint)ThreadsN));

    public SpecializationConstants ToGroupedSpecialization(GroupedEnd end) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)TileM), (2, (uint)TileN), (4, (uint)ThreadsM), (5, (uint)ThreadsN),
        (6, SpecializationConstants.Bits(true)), (7, SpecializationConstants.Bits(end.IsBiased)), (8, end.Gate), (9, end.Plain));
}

/// <summary>
/// Specialisation constants of <c>linear/gemm_vectors.comp</c>: few rows of A, each weight read once; on the scalar units.
/// </summary>
internal sealed record GemmVectorsConstants(int WorkgroupSize, int Rows, int Vectors, int Lanes, int Unroll, ActivationType Input)
    : IGemmTiling
{
    /// <summary>The most rows of A that a workgroup takes.</summary>
    public const int MaxVectors = 16;

    public int Threads => WorkgroupSize;

    public int BlockM => Vectors;

    public int BlockN => WorkgroupSize / Lanes * Rows;

    public int SharedMemoryBytes => 0;

    public int? SubgroupSize => null;

    public string Form => "vectors";

    public IGemmTiling For(int m) => this with { Vectors = Math.Min(m, MaxVectors) };

    public SpecializationConstants ToSpecialization(bool accumulate) => SpecializationConstants.From(
        (0, (uint)WorkgroupSize), (1, (uint)Rows), (2, (uint)Vectors), (3, SpecializationConstants.Bits(accumulate)),
        (4, (uint)Lanes), (5, (uint)Unroll));
}

/// <summary>Specialisation constants of <c>linear/gemm_coopmat.comp</c>: the matrix units.</summary>
internal sealed record GemmMatrixConstants(
    int BlockM, int BlockN, int SubgroupsM, int SubgroupsN, MatrixShape Fragment, int Depth = 1, int Splits = 1)
    : IGatedGemmTiling, IGroupedGemmTiling
{
    // ACCUMULATE of the shader.
    private const uint AddsFirst = 1;
    private const uint AddsLast = 2;

    private const int BlockK = 64;

    // Those of gate and up, where rows of experts are multiplied.
    private const int FragmentsAtEdge = 2;

    /// <summary>
    /// Whether what is accumulated to is added behind the sums in every tile: else tiles at an edge round otherwise than whole ones.
    /// </summary>
    public bool RoundsAlike { get; init; }

    private int Subgroups => SubgroupsM * SubgroupsN;

    public int Threads => Subgroups * Fragment.SubgroupSize;

    public int SharedMemoryBytes =>
        Math.Max((BlockM + BlockN) * (BlockK + 8) * 2, Subgroups * FragmentsAtEdge * Fragment.M * Fragment.N * 4) + sizeof(uint);

    public int? SubgroupSize => Fragment.SubgroupSize;

    public string Form => "coopmat";

    public ActivationType Input => ActivationType.F16;

    public bool CanGate => CanStoreF16 && BlockN / SubgroupsN / Fragment.N % 2 == 0;

    public bool CanStoreF16 => Fragment.HasHalfSums;

    public SpecializationConstants ToSpecialization(bool accumulate) => ToSpecialization(accumulate, default, grouped: false);

    public SpecializationConstants ToGatedSpecialization(ActivationFunction gate) =>
        ToSpecialization(accumulate: false, new GroupedEnd(gate, IsGated: true, IsBiased: false), grouped: false);

    public SpecializationConstants ToGroupedSpecialization(GroupedEnd end) => ToSpecialization(accumulate: false, end, grouped: true);

    private SpecializationConstants ToSpecialization(bool accumulate, GroupedEnd end, bool grouped) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)BlockM), (2, (uint)BlockN),
        (3, accumulate ? RoundsAlike ? AddsLast : AddsFirst : 0), (4, (uint)SubgroupsM), (5, (uint)SubgroupsN),
        (6, (uint)Fragment.SubgroupSize),
        (7, (uint)Fragment.M), (8, (uint)Fragment.N), (9, (uint)Fragment.K), (10, (uint)Depth), (11, (uint)Splits), (12, end.Gate),
        (13, SpecializationConstants.Bits(grouped)), (14, SpecializationConstants.Bits(end.IsBiased)), (15, end.Plain));
}

/// <summary>
/// Specialisation constants of <c>linear/gemm_flat.comp</c>: the matrix units for few rows of A, which lie along the fragments' N.
/// </summary>
internal sealed record GemmFlatConstants(
    int RowFragments, int MFragments, int SubgroupsN, int SubgroupsK, MatrixShape Fragment, int BlockK = 64, int Stages = 2,
    bool ShareInput = false, int Depth = 1) : IGatedGemmTiling
{
    // More would leave no registers for the sums.
    private const int MaxMFragments = 8;

    public int Threads => SubgroupsN * SubgroupsK * Fragment.SubgroupSize;

    public int BlockM => MFragments * Fragment.N;

    public int BlockN => SubgroupsN * RowFragments * Fragment.M;

    public int SharedMemoryBytes =>
        (SubgroupsN * SubgroupsK * ((Stages * RowFragments * Fragment.M * RowBytes) + (Fragment.M * Fragment.N * 4)))
        + (ShareInput ? SubgroupsK * Stages * BlockM * RowBytes : 0);

    private int RowBytes => (BlockK + 8) * 2;

    public int? SubgroupSize => Fragment.SubgroupSize;

    public string Form => "flat";

    public ActivationType Input => ActivationType.F16;

    public int InputRows(int seqLen) => (seqLen + BlockM - 1) / BlockM * BlockM;

    public IGemmTiling For(int m)
    {
        int fragments = (m + Fragment.N - 1) / Fragment.N;
        int blocks = (fragments + MaxMFragments - 1) / MaxMFragments;
        return this with { MFragments = (fragments + blocks - 1) / blocks };
    }

    public SpecializationConstants ToSpecialization(bool accumulate) => ToSpecialization(accumulate, ActivationFunction.None);

    public SpecializationConstants ToGatedSpecialization(ActivationFunction gate) => ToSpecialization(accumulate: false, gate);

    private SpecializationConstants ToSpecialization(bool accumulate, ActivationFunction gate) => SpecializationConstants.From(
        (0, (uint)Threads), (1, (uint)RowFragments), (2, (uint)MFragments),
        (3, SpecializationConstants.Bits(accumulate)), (4, (uint)SubgroupsN), (5, (uint)SubgroupsK), (6, (uint)Fragment.SubgroupSize),
        (7, (uint)Fragment.M), (8, (uint)Fragment.N), (9, (uint)Fragment.K), (10, (uint)BlockK), (11, (uint)Stages),
        (12, SpecializationConstants.Bits(ShareInput)), (13, (uint)Depth), (14, (uint)gate));
}
