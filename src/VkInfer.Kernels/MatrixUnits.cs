using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Which product of VK_KHR_cooperative_matrix the prefill kernels use on a device.</summary>
internal static class MatrixUnits
{
    /// <summary>
    /// A float16 product with float32 sums, and the subgroup size it runs at; null where the device has none or lacks what
    /// the kernels need beside it. Square shapes of 16 come first, since all hardware has those natively.
    /// </summary>
    public static MatrixShape? Find(DeviceCapabilities capabilities) => Shapes(capabilities)
        .Where(shape => capabilities.SubgroupSize % shape.M == 0)
        .OrderByDescending(shape => shape.M * shape.N * shape.K)
        .FirstOrDefault();

    /// <summary>The same with the narrowest N, along which few rows of activations are padded to whole fragments.</summary>
    public static MatrixShape? FindNarrow(DeviceCapabilities capabilities) => Shapes(capabilities)
        .OrderBy(shape => shape.N)
        .ThenByDescending(shape => shape.M * shape.K)
        .FirstOrDefault();

    private static IEnumerable<MatrixShape> Shapes(DeviceCapabilities capabilities)
    {
        bool usable = capabilities.Float16 && capabilities.Storage16 && capabilities.VulkanMemoryModel && capabilities.SubgroupShuffle;
        return capabilities.CooperativeMatrixShapes
            .Where(shape => usable && shape is
            {
                A: MatrixComponentType.Float16, B: MatrixComponentType.Float16,
                C: MatrixComponentType.Float32, Result: MatrixComponentType.Float32, Saturating: false,
                M: 8 or 16, N: 8 or 16, K: 8 or 16,
            })
            .Select(shape => new MatrixShape(
                shape.M, shape.N, shape.K, capabilities.SubgroupSize,
                capabilities.CooperativeMatrixShapes.Any(other => HasHalfSums(other, shape.M, shape.N))));
    }

    // Sums may be of a product's C or of its result.
    private static bool HasHalfSums(CooperativeMatrixShape shape, int m, int n) =>
        (shape.C == MatrixComponentType.Float16 || shape.Result == MatrixComponentType.Float16) && shape.M == m && shape.N == n;
}

/// <summary>A product by one subgroup: Result[M, N] = A[M, K] · B[K, N].</summary>
/// <param name="M">Rows of A.</param>
/// <param name="N">Columns of B.</param>
/// <param name="K">Columns of A.</param>
/// <param name="SubgroupSize">Invocations of the subgroup.</param>
/// <param name="HasHalfSums">Whether there are sums in float16, too: to round float32 sums to where they stand.</param>
internal sealed record MatrixShape(int M, int N, int K, int SubgroupSize, bool HasHalfSums);
