using VkInfer.Vulkan;

namespace VkInfer.Engine.Sequences;

/// <summary>Where the logits of consecutive rows go.</summary>
/// <param name="Rows">Float32 [rows, Stride(VocabSize)]; whoever asks for them owns it.</param>
/// <param name="First">Position of the first row.</param>
internal sealed record LogitsTarget(GpuBuffer Rows, int First);
