namespace VkInfer.Vulkan;

/// <summary>What memory is for: the public kinds, and the staging ring.</summary>
internal enum MemoryUse
{
    DeviceLocal,
    HostWritable,
    HostReadable,
    Staging,
}
