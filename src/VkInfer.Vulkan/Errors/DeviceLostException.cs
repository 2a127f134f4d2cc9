using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// The GPU stopped answering (reset, hang, removal). The <see cref="GpuDevice"/> refuses further work with this exception;
/// disposing it and everything made from it still works, and the process can open a device again.
/// </summary>
public sealed class DeviceLostException : VulkanException
{
    internal DeviceLostException(string operation)
        : base($"The device was lost in {operation}. Dispose the device and open it again; the driver's log may say why.",
            (int)Result.ErrorDeviceLost, operation)
    {
    }
}
