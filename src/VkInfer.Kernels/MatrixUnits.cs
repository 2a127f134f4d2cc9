using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>Which product of VK_KHR_cooperative_matrix the prefill kernels use on a device.</summary>
internal static class MatrixUnits
{
    /// <summary>
    /// A float16 product with float32 sums, and the subgroup size it runs at; null where the device has none or lacks what
    /// the kernels need beside it. Square shapes of 16 come first, since all hardware has those natively.
    /// </summary>
    public static MatrixShape? Find(DeviceCapabilities capabilities)
    {
        var usable = capabilities.Float16 && capabilities.Storage16 && capabilities.VulkanMemoryModel && capabilities.SubgroupShuffle;
        if (!usable)
        {
            return null;
        }

        return capabilities.CooperativeMatrixShapes
            .Where(shape => shape is
            {
                A: MatrixComponentType.Float16, B: MatrixComponentType.Float16,
                C: MatrixComponentType.Float32, Result: MatrixComponentType.Float32, Saturating: false,
            })
            .Where(shape => shape.M is 8 or 16 && shape.N is 8 or 16 && shape.K is 8 or 16 && capabilities.SubgroupSize % shape.M == 0)
            .OrderByDescending(shape => shape.M * shape.N * shape.K)
            .Select(shape => new MatrixShape(shape.M, shape.N, shape.K, capabilities.SubgroupSize))
            .FirstOrDefault();
    }
}

/// <summary>A product by one subgroup: Result[M, N] = A[M, K] · B[K, N].</summary>
internal sealed record MatrixShape(int M, int N, int K, int SubgroupSize);
