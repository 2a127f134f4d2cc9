using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>RMSNorm of a layer's input, computed within its matrix-vector product: x * gain / sqrt(mean(x²) + eps).</summary>
/// <param name="Gain">float32 [KPadded], zero beyond the columns.</param>
/// <param name="Eps">Added to the mean of squares.</param>
public readonly record struct NormFusion(BufferView Gain, float Eps);
