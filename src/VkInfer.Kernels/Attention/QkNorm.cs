using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>RMSNorm of every query and key head before its rotation (Henry et al. 2020).</summary>
/// <param name="Gains">float32 [2, HeadDim]: the gain of a query head, then that of a key head.</param>
/// <param name="Eps">Added to the mean of squares.</param>
public readonly record struct QkNorm(BufferView Gains, float Eps);
