using System.Globalization;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The device has too little memory for a buffer.</summary>
public sealed class OutOfDeviceMemoryException : VulkanException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="what">What the memory was for.</param>
    /// <param name="requestedBytes">Bytes asked for.</param>
    /// <param name="availableBytes">Bytes that were available.</param>
    public OutOfDeviceMemoryException(string what, long requestedBytes, long availableBytes)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"Out of device memory for {what}: {requestedBytes} bytes requested, {availableBytes} bytes available."),
            (int)Result.ErrorOutOfDeviceMemory, "vkAllocateMemory")
    {
        RequestedBytes = requestedBytes;
        AvailableBytes = availableBytes;
    }

    /// <summary>Bytes asked for.</summary>
    public long RequestedBytes { get; }

    /// <summary>Bytes that were available in the heap at that moment.</summary>
    public long AvailableBytes { get; }
}
