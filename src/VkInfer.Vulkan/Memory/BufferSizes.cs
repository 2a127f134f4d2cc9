using System.Globalization;

namespace VkInfer.Vulkan;

/// <summary>Which buffers a device can have.</summary>
internal static class BufferSizes
{
    public static void Check(DeviceCapabilities capabilities, long size, string name, Func<long> available)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        if (size > capabilities.Heaps.Max(heap => heap.Size))
        {
            throw new OutOfDeviceMemoryException($"buffer '{name}'", size, available());
        }

        if (size > capabilities.MaxBufferSize)
        {
            throw new ArgumentOutOfRangeException(nameof(size), string.Create(
                CultureInfo.InvariantCulture,
                $"Buffer '{name}' would have {size} bytes; the device allows {capabilities.MaxBufferSize} for one buffer. Split it."));
        }
    }

    /// <summary>The memory that a kind of buffer lives in.</summary>
    public static MemoryUse Use(BufferKind kind) => kind switch
    {
        BufferKind.DeviceLocal => MemoryUse.DeviceLocal,
        BufferKind.HostWritable => MemoryUse.HostWritable,
        BufferKind.HostReadable => MemoryUse.HostReadable,
        BufferKind.System => MemoryUse.Staging,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown kind of buffer."),
    };
}
