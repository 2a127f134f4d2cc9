using VkInfer.Vulkan;

namespace VkInfer.Engine.Sequences;

/// <summary>Where the hidden states of consecutive rows go, behind the last norm.</summary>
/// <param name="Rows">Float32 [count, Stride(HiddenSize)]; whoever asks for them owns it.</param>
/// <param name="First">Position of the first row.</param>
/// <param name="Count">How many.</param>
internal sealed record HiddenTarget(GpuBuffer Rows, int First, int Count)
{
    /// <summary>Position behind the last row.</summary>
    public int End => First + Count;
}
