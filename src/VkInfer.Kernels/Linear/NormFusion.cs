using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The norm of a layer's input, computed within its matrix-vector product. RMSNorm, x · gain / sqrt(mean(x²) + eps), or with
/// <paramref name="GainSums"/> LayerNorm, (x − mean(x)) · gain / sqrt(var(x) + eps), whose shift is part of the layer's bias:
/// W·shift + bias.
/// </summary>
/// <param name="Gain">float32 [KPadded], zero beyond the columns.</param>
/// <param name="Eps">Added to the mean of squares, or to the variance.</param>
/// <param name="GainSums">float32 [N]: the layer's weights times the gain. Null: RMSNorm.</param>
public readonly record struct NormFusion(BufferView Gain, float Eps, BufferView? GainSums = null);
