namespace VkInfer.Vulkan;

/// <summary>A Vulkan device of this machine, before it is opened. Immutable.</summary>
public sealed record PhysicalDeviceInfo
{
    /// <summary>Position in <see cref="VulkanInstance.Devices"/>.</summary>
    public required int Index { get; init; }

    /// <summary>The driver's name for the device.</summary>
    public required string Name { get; init; }

    /// <summary>Discrete, integrated, software …</summary>
    public required DeviceType Type { get; init; }

    /// <summary>PCI vendor, or a Khronos vendor id.</summary>
    public required uint VendorId { get; init; }

    /// <summary>The vendor's number for the device.</summary>
    public required uint DeviceId { get; init; }

    /// <summary>Name of the driver, such as <c>NVIDIA</c>, <c>radv</c>, <c>llvmpipe</c>.</summary>
    public required string DriverName { get; init; }

    /// <summary>Version of the driver in the driver's own words.</summary>
    public required string DriverVersion { get; init; }

    /// <summary>Vulkan version of the device, such as <c>1.3.230</c>.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>Device UUID, 32 hexadecimal digits.</summary>
    public required string Uuid { get; init; }

    /// <summary>What the device can do.</summary>
    public required DeviceCapabilities Capabilities { get; init; }

    /// <summary>Why <see cref="VulkanInstance.Open"/> will refuse the device; null for a usable one.</summary>
    public string? UnsupportedReason { get; init; }

    /// <summary>The profile that reduces what is seen of the device, for tests; null: none does.</summary>
    public string? ProfileName => Profile?.Name;

    internal DeviceProfile? Profile { get; init; }

    internal nint Handle { get; init; }

    internal DriverIdentity Driver { get; init; }
}
