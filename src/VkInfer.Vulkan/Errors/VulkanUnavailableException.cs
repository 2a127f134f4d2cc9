namespace VkInfer.Vulkan;

/// <summary>There is no Vulkan loader, no driver or no validation layer. The message says what to install on this system.</summary>
public sealed class VulkanUnavailableException : VulkanException
{
    internal VulkanUnavailableException(string problem, Exception? innerException = null)
        : base($"{problem} {InstallHint()}", innerException)
    {
    }

    private static string InstallHint()
    {
        if (OperatingSystem.IsWindows())
        {
            return "Install the graphics driver of the GPU's vendor: it brings vulkan-1.dll.";
        }

        if (OperatingSystem.IsMacOS())
        {
            return "Install MoltenVK and the loader: brew install molten-vk vulkan-loader vulkan-validationlayers.";
        }

        return "On Debian and Ubuntu: apt-get install libvulkan1 mesa-vulkan-drivers (mesa-vulkan-drivers has a software device too); "
            + "for an NVIDIA GPU, NVIDIA's driver; for validation, vulkan-validationlayers.";
    }
}
