namespace VkInfer.Vulkan;

/// <summary>A memory heap of a device.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="DeviceLocal">The device's own memory.</param>
/// <param name="HostVisible">The CPU can map it.</param>
public readonly record struct MemoryHeap(long Size, bool DeviceLocal, bool HostVisible);
