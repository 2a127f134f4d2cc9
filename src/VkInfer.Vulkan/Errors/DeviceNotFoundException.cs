namespace VkInfer.Vulkan;

/// <summary>No device matches a <see cref="DeviceSelector"/>. The message lists the devices that are there.</summary>
public sealed class DeviceNotFoundException : VulkanException
{
    internal DeviceNotFoundException(DeviceSelector selector, IReadOnlyList<PhysicalDeviceInfo> devices)
        : base($"No device matches '{selector}'. Available: {Describe(devices)}.")
    {
    }

    private static string Describe(IReadOnlyList<PhysicalDeviceInfo> devices) => devices.Count == 0
        ? "none"
        : string.Join("; ", devices.Select(device => device.UnsupportedReason is null
            ? $"{device.Index} '{device.Name}' ({device.Type})"
            : $"{device.Index} '{device.Name}' ({device.Type}, unusable: {device.UnsupportedReason})"));
}
