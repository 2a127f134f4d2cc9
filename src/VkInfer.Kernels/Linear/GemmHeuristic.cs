using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Chooses the form and the tiling of a matrix product from what the device reports.</summary>
internal static class GemmHeuristic
{
    // Of a GPU whose driver does not tell.
    private const int TypicalShaderCores = 64;

    private const int SmallestMatrix = 256 * 256;

    /// <summary>
    /// Up to how many rows of A a matrix-vector product takes them all, and up to how many the flat form: where their times and those of
    /// conventional tiles cross on an H200 over the layers of Llama-2-7B in F16.
    /// </summary>
    private const int MostVectorRows = 4;

    private const int MostFlatRows = 16;

    /// <summary>
    /// Whether products with weights of this type go to the matrix units. Weights in float32 do not: rounded to float16 they
    /// would lose what they are kept for.
    /// </summary>
    public static bool UsesMatrixUnits(DeviceCapabilities capabilities, WeightType type) =>
        type != WeightType.F32 && MatrixTilings(capabilities).Any(tiling => Fits(tiling, capabilities));

    /// <summary>
    /// Whether a matrix is large enough for the matrix units to be worth the rounding of A to float16: below 256 by 256 its
    /// product takes no longer on the scalar units than the dispatch takes to start.
    /// </summary>
    public static bool RepaysMatrixUnits(int rows, int columns) => (long)rows * columns >= SmallestMatrix;

    /// <summary>Conventional tiles on the matrix units, the largest first; none where there are no such units.</summary>
    public static IReadOnlyList<GemmMatrixConstants> MatrixTilings(DeviceCapabilities capabilities) =>
        MatrixUnits.Find(capabilities) is { } fragment ? [.. Measured(fragment).Select(measured => measured.Tiling)] : [];

    /// <summary>Tiles on the scalar units of a GPU, the largest first.</summary>
    public static IReadOnlyList<GemmTiledConstants> ScalarTilings { get; } =
        [new(16, 16, 8, 8), new(8, 16, 8, 4), new(8, 16, 4, 4), new(8, 16, 2, 4), new(8, 16, 1, 4)];

    /// <summary>The tiling for C [m, n] = A [m, k] Wᵀ on the matrix units that takes the least time by estimate.</summary>
    /// <param name="capabilities">The device.</param>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Rows of the weights.</param>
    /// <param name="k">Columns of both.</param>
    /// <param name="hasRoom">Whether there is scratch for a tiling that shares tiles.</param>
    /// <exception cref="NotSupportedException">No tile fits into the device's shared memory.</exception>
    public static GemmMatrixConstants Matrix(DeviceCapabilities capabilities, int m, int n, int k, Func<GemmMatrixConstants, bool> hasRoom)
    {
        if (MatrixUnits.Find(capabilities) is not { } fragment)
        {
            throw new NotSupportedException("the device has no matrix units for float16");
        }

        int cores = ShaderCores(capabilities);
        MeasuredTiling[] fitting =
        [
            .. Measured(fragment).Where(candidate => Fits(candidate.Tiling, capabilities)),
        ];
        if (fitting.Length == 0)
        {
            GemmMatrixConstants smallest = Measured(fragment)[^1].Tiling;
            throw new NotSupportedException(
                $"a matrix product needs {smallest.SharedMemoryBytes} bytes of shared memory and {smallest.Threads} invocations; "
                + $"the device has {capabilities.MaxSharedMemoryBytes} and {capabilities.MaxWorkgroupInvocations}");
        }

        return fitting
            .SelectMany(candidate => Splits.Select(splits => candidate with { Tiling = candidate.Tiling with { Splits = splits } }))
            .Where(candidate => candidate.Tiling.Splits == 1 || (CanSplit(candidate.Tiling, k) && hasRoom(candidate.Tiling)))
            .MinBy(candidate => Cost(candidate, Tiles(candidate.Tiling, m, n), k, cores))!
            .Tiling;
    }

    /// <summary>The tiling for rows of experts on the matrix units that takes the least time by estimate; null: none fits.</summary>
    /// <param name="capabilities">The device.</param>
    /// <param name="tiles">Tiles of all experts together, for the rows of a tile.</param>
    /// <param name="n">Rows of an expert's weights.</param>
    /// <param name="k">Their columns.</param>
    public static GemmMatrixConstants? GroupedMatrix(DeviceCapabilities capabilities, Func<int, long> tiles, int n, int k)
    {
        if (MatrixUnits.Find(capabilities) is not { } fragment)
        {
            return null;
        }

        // Few rows for each of many experts: wide tiles, so that few of them read a row. Their speed is an estimate between neighbours.
        MeasuredTiling[] small = [new(new(32, 128, 1, 4, fragment), 0.5, 2), new(new(16, 128, 1, 4, fragment), 0.32, 2)];
        int cores = ShaderCores(capabilities);
        return Measured(fragment).Concat(small)
            .Where(candidate => candidate.Tiling.CanGate && Fits(candidate.Tiling, capabilities))
            .MinBy(candidate => Cost(
                candidate, tiles(candidate.Tiling.BlockM) * ((n + candidate.Tiling.BlockN - 1) / candidate.Tiling.BlockN), k, cores))?
            .Tiling;
    }

    /// <summary>The tiling for f(gate) · up on the matrix units that takes the least time by estimate; null: none fits.</summary>
    /// <param name="capabilities">The device.</param>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Rows of the weights.</param>
    /// <param name="k">Columns of both.</param>
    public static GemmMatrixConstants? GatedMatrix(DeviceCapabilities capabilities, int m, int n, int k) =>
        GroupedMatrix(capabilities, tileRows => (m + tileRows - 1) / tileRows, n, k);

    /// <summary>Streaming multiprocessors or compute units to reckon with.</summary>
    public static int ShaderCores(DeviceCapabilities capabilities) => capabilities.ShaderCoreCount ?? TypicalShaderCores;

    /// <summary>Among how many workgroups a tile's K may be divided.</summary>
    public static IReadOnlyList<int> Splits { get; } = [1, 2, 3, 4, 6, 8];

    /// <summary>Whether each of a tile's workgroups gets as much of K as repays adding up.</summary>
    public static bool CanSplit(GemmMatrixConstants tiling, int k)
    {
        const int ShortestPart = 256;
        return tiling.Splits == 1 || k / tiling.Splits >= ShortestPart;
    }

    /// <summary>Tiles of C [m, n].</summary>
    public static long Tiles(IGemmTiling tiling, int m, int n) =>
        (long)((m + tiling.BlockM - 1) / tiling.BlockM) * ((n + tiling.BlockN - 1) / tiling.BlockN);

    /// <summary>A tile beside the largest, as measured on an H200 over the layers of Llama-2-7B.</summary>
    /// <param name="Tiling">The tile.</param>
    /// <param name="Speed">How fast an element of C is made while each core has as many workgroups as it likes.</param>
    /// <param name="Residents">Workgroups that a core makes in about the time of one: what waits for memory leaves room for others.</param>
    /// <param name="Shared">The speed where workgroups share a tile: few subgroups are slow over a short K; null: the same.</param>
    private sealed record MeasuredTiling(GemmMatrixConstants Tiling, double Speed, int Residents, double? Shared = null);

    private static MeasuredTiling[] Measured(MatrixShape fragment) =>
    [
        new(new(192, 128, 4, 2, fragment), 1, 1), new(new(160, 128, 2, 4, fragment), 0.97, 1),
        new(new(128, 128, 2, 2, fragment), 1, 1, 0.8), new(new(128, 128, 2, 4, fragment), 0.85, 1, 0.95),
        new(new(96, 128, 2, 2, fragment), 0.76, 1), new(new(64, 256, 1, 4, fragment), 0.81, 1),
        new(new(48, 256, 1, 4, fragment), 0.65, 1),
        new(new(64, 64, 2, 2, fragment), 0.58, 2), new(new(32, 64, 1, 2, fragment), 0.43, 3), new(new(16, 64, 1, 4, fragment), 0.27, 3),
    ];

    /// <summary>
    /// Time of a product, in columns of K that one workgroup of the largest tile multiplies. A workgroup's start and end take as long as
    /// some columns, more where it shares its tile, the more so the more parts there are to add up.
    /// </summary>
    private static double Cost(MeasuredTiling candidate, long tiles, int k, int cores)
    {
        const double OwnTile = 100;
        const double SharedTile = 300;
        const double Part = 75;
        GemmMatrixConstants tiling = candidate.Tiling;
        double rounds = Math.Max(Math.Ceiling((double)tiles * tiling.Splits / cores), candidate.Residents);
        double columns = ((double)k / tiling.Splits) + (tiling.Splits == 1 ? OwnTile : SharedTile + (Part * tiling.Splits));
        double speed = tiling.Splits > 1 ? candidate.Shared ?? candidate.Speed : candidate.Speed;
        return rounds * columns * tiling.BlockM * tiling.BlockN / speed;
    }

    /// <summary>The tiling for C [m, n] with few rows m of float16; null where the device or m is not for it.</summary>
    public static IGemmTiling? Few(DeviceCapabilities capabilities, int m) => m <= MostVectorRows
        ? Vectors(capabilities, m, ActivationType.F16)
        : m <= MostFlatRows ? Flat(capabilities, m) : null;

    /// <summary>A matrix-vector product that takes all rows.</summary>
    public static IGemmTiling Vectors(DeviceCapabilities capabilities, int m, ActivationType input) =>
        new GemmVectorsConstants(WorkgroupSize: 128, Rows: 2, 1, capabilities.MinSubgroupSize, Unroll: 1, input).For(m);

    /// <summary>A flat product of float16 rows; null where the device has no matrix units, or no shared memory for so many.</summary>
    public static IGemmTiling? Flat(DeviceCapabilities capabilities, int m)
    {
        if (MatrixUnits.FindNarrow(capabilities) is not { } fragment)
        {
            return null;
        }

        // Measured as above, best first; many rows of A need more subgroups to share them.
        var tiling = new GemmFlatConstants(
            RowFragments: 1, MFragments: 1, SubgroupsN: 1, SubgroupsK: 4, fragment, BlockK: 64, Stages: 1, ShareInput: true, Depth: 3);
        GemmFlatConstants[] tilings = m <= 8
            ? [tiling, tiling with { SubgroupsK = 2 }]
            : [tiling with { SubgroupsN = 2 }, tiling, tiling with { SubgroupsK = 2 }, tiling with { SubgroupsK = 1 }];
        return tilings.Select(candidate => candidate.For(m)).FirstOrDefault(candidate => Fits(candidate, capabilities));
    }

    /// <summary>The tiling for C [m, n] on the scalar units, which wastes little of a tile when m is small.</summary>
    public static IGemmTiling Scalar(DeviceCapabilities capabilities, bool software, int m, int n)
    {
        if (software)
        {
            // Measured on lavapipe (Mesa 22.3 and 25.0) over 1 to 16 rows of A by 1 to 4 rows of weights per lane.
            return new GemmDirectConstants(capabilities.SubgroupSize, Math.Min(8, m), 4);
        }

        int cores = ShaderCores(capabilities);
        return ScalarTilings
            .Where(tiling => Fits(tiling, capabilities) && tiling.BlockM < 2 * m)
            .FirstOrDefault(tiling => Tiles(tiling, m, n) >= cores, ScalarTilings[^1]);
    }

    private static bool Fits(IGemmTiling tiling, DeviceCapabilities capabilities) => tiling.Fits(capabilities);
}
