using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>The Vulkan devices of this machine.</summary>
public static class Devices
{
    /// <summary>Lists them; the order is the one that indices in <see cref="ModelOptions.Device"/> count.</summary>
    /// <returns>All devices that offer what the runtime needs.</returns>
    /// <exception cref="VulkanUnavailableException">No Vulkan loader or no driver.</exception>
    public static IReadOnlyList<PhysicalDeviceInfo> Enumerate()
    {
        using VulkanInstance instance = VulkanInstance.Create();
        return instance.Devices;
    }
}
