using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Chooses when tokens are grouped by their experts, and the tiles of their products.</summary>
internal static class GroupedHeuristic
{
    /// <summary>
    /// Pairs of a token and an expert from which on they are grouped, for each expert that there is. With fewer most experts have a single
    /// token, and their weights are read once either way: a product of vectors then comes closer to the memory's speed than a tile does. By
    /// reasoning; not measured.
    /// </summary>
    private const int LeastPairsPerExpert = 2;

    /// <summary>Whether tokens are grouped; else each meets its experts by itself.</summary>
    public static bool Pays(int pairs, int experts) => pairs >= (long)LeastPairsPerExpert * experts;

    /// <summary>The tiling for pairs that go to experts as they like; null where none fits the device.</summary>
    /// <param name="context">The device.</param>
    /// <param name="capabilities">Of it, what weights leave.</param>
    /// <param name="input">float16: on the matrix units.</param>
    /// <param name="pairs">Pairs of a token and an expert.</param>
    /// <param name="experts">How many there are.</param>
    /// <param name="n">Rows of an expert's weights.</param>
    /// <param name="k">Their columns.</param>
    public static IGroupedGemmTiling? Choose(
        KernelContext context, DeviceCapabilities capabilities, ActivationType input, int pairs, int experts, int n, int k)
    {
        if (input == ActivationType.F16)
        {
            return GemmHeuristic.GroupedMatrix(capabilities, tileRows => ExpectedTiles(tileRows, pairs, experts), n, k);
        }

        // No larger than an expert's share, so that few rows of a tile are none.
        int share = Math.Max(1, pairs / experts);
        if (context.IsSoftware)
        {
            return new GemmDirectConstants(capabilities.SubgroupSize, Math.Clamp(share, 2, 8), 4);
        }

        GemmTiledConstants[] fitting = [.. GemmHeuristic.ScalarTilings.Where(tiling => ((IGemmTiling)tiling).Fits(capabilities))];
        return fitting.FirstOrDefault(tiling => tiling.BlockM <= share) ?? fitting.LastOrDefault();
    }

    /// <summary>Tiles of so many rows: on average half of an expert's last one is empty, and each expert has one.</summary>
    public static long ExpectedTiles(int tileRows, int pairs, int experts) =>
        Math.Max(Math.Min(experts, pairs), (pairs / tileRows) + (experts / 2));
}
