using System.Globalization;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>The tilings that tuning tries, and that a table may name: no other ever runs because a file says so.</summary>
internal static class GemmCandidates
{
    /// <summary>Up to how many rows of A the matrix-vector form is tried.</summary>
    private const int MostVectorRows = GemmVectorsConstants.MaxVectors;

    private const int MostFlatRows = 64;

    // Beyond it tiles alone fill a device.
    private const int MostSplitRows = 256;
    private const int SmallestBlockM = 16;
    private const int LargestBlockM = 128;
    private const int MostWorkgroupsPerCore = 3;

    // Slices in flight wait in registers, of A as well: many rows of many columns spill (RADV for Navi 31 at 64 by 384).
    private const int FewRows = 32;
    private const int MostColumnsInFlight = 256;

    // 16-byte loads in flight of a lane of the matrix-vector product: more would leave too few registers.
    private const int MostLoads = 8;

    private static readonly int[] VectorSizes = [128, 256, 512, 1024];
    private static readonly int[] FewOrMore = [1, 2, 4];

    private static readonly (int Size, int Rows, int Unroll)[] Vectors =
        [(64, 2, 1), (128, 1, 2), (128, 2, 1), (128, 2, 2), (64, 4, 1), (64, 4, 2), (256, 1, 1), (256, 2, 1)];

    // Row fragments, subgroups along n and along k, columns of a slice, slices in flight.
    private static readonly (int Fragments, int N, int K, int BlockK, int Depth)[] Flat =
    [
        (1, 1, 4, 64, 2), (1, 1, 4, 64, 3), (1, 1, 8, 64, 2), (1, 2, 2, 64, 2), (1, 2, 2, 64, 3), (1, 2, 4, 64, 2), (1, 2, 4, 64, 3),
        (1, 4, 1, 64, 3), (2, 2, 1, 64, 2), (2, 2, 1, 64, 3), (2, 2, 2, 64, 2), (1, 2, 4, 128, 1), (1, 2, 2, 128, 2), (1, 2, 1, 128, 3),
        (1, 4, 1, 128, 3), (2, 4, 1, 64, 2),
    ];

    /// <summary>Whether it may pay to try a tiling for C [m, n]: tiles are shared where there are too few for all cores.</summary>
    public static bool IsWorthTrying(KernelContext context, IGemmTiling tiling, int m, int n, int k)
    {
        if (tiling is not GemmMatrixConstants { Splits: > 1 } matrix)
        {
            return true;
        }

        int cores = GemmHeuristic.ShaderCores(context.Capabilities);
        long workgroups = GemmHeuristic.Tiles(tiling, m, n) * tiling.Splits;
        return GemmHeuristic.CanSplit(matrix, k) && 3 * workgroups >= 2 * cores && workgroups <= MostWorkgroupsPerCore * cores;
    }

    // Twice as high as A, and more than half of a tile is waste; half as high, and the weights are read twice.
    private static bool HasHeightFor(GemmMatrixConstants tiling, int m) =>
        (tiling.BlockM < 2 * m || tiling.BlockM == SmallestBlockM) && (2 * tiling.BlockM >= m || tiling.BlockM == LargestBlockM);

    /// <summary>Conventional tiles on the matrix units, and some that pay only here and there.</summary>
    private static IEnumerable<GemmMatrixConstants> Matrix(DeviceCapabilities capabilities)
    {
        foreach (GemmMatrixConstants tiling in GemmHeuristic.MatrixTilings(capabilities))
        {
            yield return tiling;
            if (tiling.BlockM <= FewRows)
            {
                yield return tiling with { Depth = 3 };
            }
        }
    }

    /// <summary>The tilings for weights of a type and A [m, K] that the device can run.</summary>
    public static IEnumerable<IGemmTiling> Of(KernelContext context, WeightType type, ActivationType input, int m)
    {
        DeviceCapabilities capabilities = WeightFormat.Of(type).BesideCodebook(context.Capabilities);
        return All(context, input, m).Where(tiling =>
            !(tiling is GemmVectorsConstants { Rows: > 2 } vectors && vectors.Unroll * vectors.Unroll * m > MostVectors(type))
            && tiling.Fits(capabilities));
    }

    // Four rows of weights beside the sums of more vectors than this, or of a quarter of them where two loads wait, spill (RADV): the
    // sooner, the more registers a format's blocks take.
    private static int MostVectors(WeightType type) => type switch
    {
        WeightType.Q2_K or WeightType.Q3_K or WeightType.Q5_0 or WeightType.Q5_K or WeightType.Q6_K
            or WeightType.IQ1_S or WeightType.IQ1_M or WeightType.IQ2_XXS or WeightType.IQ2_XS or WeightType.IQ2_S or WeightType.IQ3_XXS
            or WeightType.IQ3_S => 12,
        _ when WeightLayout.IsQuantized(type) => 32,
        _ => int.MaxValue,
    };

    /// <summary>A tiling's name: its form and sizes, without those that follow from the device or from m.</summary>
    public static string Name(IGemmTiling tiling) => tiling switch
    {
        GemmVectorsConstants t => Text("vectors", t.WorkgroupSize, t.Rows, t.Unroll),
        GemmFlatConstants t => Text("flat", t.RowFragments, t.SubgroupsN, t.SubgroupsK, t.BlockK, t.Depth),
        GemmMatrixConstants t => Text("coopmat", t.BlockM, t.BlockN, t.SubgroupsM, t.SubgroupsN, t.Depth, t.Splits),
        GemmTiledConstants t => Text("tiled", t.ThreadsM, t.ThreadsN, t.TileM, t.TileN),
        GemmDirectConstants t => Text("direct", t.Threads, t.TileM, t.TileN),
        _ => throw new ArgumentException($"no name for {tiling}", nameof(tiling)),
    };

    /// <summary>The form that a tiling belongs to: on the scalar units low tiles take the flat form's place.</summary>
    public static LinearForm FormOf(IGemmTiling tiling) => tiling switch
    {
        GemmVectorsConstants => LinearForm.Gemv,
        GemmFlatConstants or GemmTiledConstants { BlockM: <= 32 } or GemmDirectConstants { TileM: <= 4 } => LinearForm.Flat,
        _ => LinearForm.Tiled,
    };

    /// <summary>Spreads of the matrix-vector product of one token.</summary>
    public static IEnumerable<GemvTuning> Gemv(KernelContext context, WeightType type, int matrixRows, int columns)
    {
        GemvTuning usual = GemvHeuristic.Choose(type, matrixRows, columns, GemvHeuristic.Form(type, context), context);
        (int Size, int Rows, int Unroll, int Passes)[] spreads = context.IsSoftware
            ? [(usual.WorkgroupSize, 4, 1, 1), (usual.WorkgroupSize, 8, 1, 1)]
            :
            [
                .. from size in VectorSizes
                   from rows in FewOrMore
                   from unroll in FewOrMore
                   from passes in FewOrMore.SkipLast(1)
                   where size <= context.Capabilities.MaxWorkgroupInvocations && rows * unroll <= MostLoads
                       && (size < 1024 || rows * unroll <= 4)
                   select (size, rows, unroll, passes),
            ];
        return spreads.Select(spread => usual with
        {
            WorkgroupSize = spread.Size,
            Rows = spread.Rows,
            Unroll = spread.Unroll,
            Passes = spread.Passes,
        });
    }

    /// <summary>The name of a spread.</summary>
    public static string Name(GemvTuning tuning) => Text("gemv", tuning.WorkgroupSize, tuning.Rows, tuning.Unroll, tuning.Passes);

    private static IEnumerable<IGemmTiling> All(KernelContext context, ActivationType input, int m)
    {
        DeviceCapabilities capabilities = context.Capabilities;
        if (m <= MostVectorRows)
        {
            foreach ((int size, int rows, int unroll) in Vectors)
            {
                yield return new GemmVectorsConstants(size, rows, m, capabilities.MinSubgroupSize, unroll, input);
            }
        }

        if (input == ActivationType.F16)
        {
            if (m <= MostFlatRows && MatrixUnits.FindNarrow(capabilities) is { } narrow)
            {
                foreach ((int fragments, int n, int k, int blockK,
                    int depth) in Flat.Where(tiling => m <= FewRows || tiling.BlockK * tiling.Depth <= MostColumnsInFlight))
                {
                    yield return new GemmFlatConstants(fragments, 1, n, k, narrow, blockK, Stages: 1, ShareInput: true, depth).For(m);
                }
            }

            foreach (GemmMatrixConstants? tiling in Matrix(capabilities).Where(tiling => HasHeightFor(tiling, m)))
            {
                foreach (int splits in GemmHeuristic.Splits.Where(splits => splits == 1 || m <= MostSplitRows))
                {
                    yield return tiling with { Splits = splits };
                }
            }
        }
        else if (context.IsSoftware)
        {
            foreach ((int tileM, int tileN) in new[] { (1, 4), (2, 4), (4, 4), (8, 4), (4, 2), (8, 2) })
            {
                if (tileM <= m)
                {
                    yield return new GemmDirectConstants(capabilities.SubgroupSize, tileM, tileN);
                }
            }
        }
        else
        {
            foreach (GemmTiledConstants tiling in GemmHeuristic.ScalarTilings)
            {
                yield return tiling;
            }
        }
    }

    private static string Text(string form, params ReadOnlySpan<int> sizes)
    {
        string text = form;
        foreach (int size in sizes)
        {
            text += string.Create(CultureInfo.InvariantCulture, $" {size}");
        }

        return text;
    }
}
