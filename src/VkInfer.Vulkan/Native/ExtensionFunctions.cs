using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

// The few extension functions in use, loaded by hand. Classes and members are named as Silk.NET's extension packages name
// them, so that those packages can take this file's place.

/// <summary>VK_EXT_debug_utils.</summary>
internal sealed unsafe class ExtDebugUtils
{
    public const string ExtensionName = "VK_EXT_debug_utils";

    private readonly delegate* unmanaged<nint, DebugUtilsMessengerCreateInfoEXT*, void*, DebugUtilsMessengerEXT*, Result> _createMessenger;
    private readonly delegate* unmanaged<nint, ulong, void*, void> _destroyMessenger;
    private readonly delegate* unmanaged<nint, DebugUtilsObjectNameInfoEXT*, Result> _setObjectName;
    private readonly delegate* unmanaged<nint, DebugUtilsLabelEXT*, void> _cmdInsertLabel;

    public ExtDebugUtils(Vk vk, Instance instance)
    {
        _createMessenger = (delegate* unmanaged<nint, DebugUtilsMessengerCreateInfoEXT*, void*, DebugUtilsMessengerEXT*, Result>)
            Load(vk, instance, "vkCreateDebugUtilsMessengerEXT");
        _destroyMessenger = (delegate* unmanaged<nint, ulong, void*, void>)Load(vk, instance, "vkDestroyDebugUtilsMessengerEXT");
        _setObjectName = (delegate* unmanaged<nint, DebugUtilsObjectNameInfoEXT*, Result>)
            Load(vk, instance, "vkSetDebugUtilsObjectNameEXT");
        _cmdInsertLabel = (delegate* unmanaged<nint, DebugUtilsLabelEXT*, void>)Load(vk, instance, "vkCmdInsertDebugUtilsLabelEXT");
    }

    public Result CreateDebugUtilsMessenger(Instance instance, DebugUtilsMessengerCreateInfoEXT* info, DebugUtilsMessengerEXT* messenger)
        => _createMessenger(instance.Handle, info, null, messenger);

    public void DestroyDebugUtilsMessenger(Instance instance, DebugUtilsMessengerEXT messenger)
        => _destroyMessenger(instance.Handle, messenger.Handle, null);

    public Result SetDebugUtilsObjectName(Device device, DebugUtilsObjectNameInfoEXT* info) => _setObjectName(device.Handle, info);

    public void CmdInsertDebugUtilsLabel(CommandBuffer commandBuffer, DebugUtilsLabelEXT* label)
        => _cmdInsertLabel(commandBuffer.Handle, label);

    private static nint Load(Vk vk, Instance instance, string name) => ExtensionFunction.Load(vk, instance, name);
}

/// <summary>VK_KHR_cooperative_matrix.</summary>
internal sealed unsafe class KhrCooperativeMatrix(Vk vk, Instance instance)
{
    public const string ExtensionName = "VK_KHR_cooperative_matrix";

    private readonly delegate* unmanaged<nint, uint*, CooperativeMatrixPropertiesKHR*, Result> _getProperties =
        (delegate* unmanaged<nint, uint*, CooperativeMatrixPropertiesKHR*, Result>)
        ExtensionFunction.Load(vk, instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");

    public Result GetPhysicalDeviceCooperativeMatrixProperties(
        PhysicalDevice device, uint* count, CooperativeMatrixPropertiesKHR* properties)
        => _getProperties(device.Handle, count, properties);
}

/// <summary>VK_KHR_pipeline_executable_properties.</summary>
internal sealed unsafe class KhrPipelineExecutableProperties(Vk vk, Instance instance)
{
    public const string ExtensionName = "VK_KHR_pipeline_executable_properties";

    private readonly delegate* unmanaged<nint, PipelineInfoKHR*, uint*, PipelineExecutablePropertiesKHR*, Result> _getProperties =
        (delegate* unmanaged<nint, PipelineInfoKHR*, uint*, PipelineExecutablePropertiesKHR*, Result>)
        ExtensionFunction.Load(vk, instance, "vkGetPipelineExecutablePropertiesKHR");

    private readonly delegate* unmanaged<nint, PipelineExecutableInfoKHR*, uint*, PipelineExecutableStatisticKHR*, Result>
        _getStatistics = (delegate* unmanaged<nint, PipelineExecutableInfoKHR*, uint*, PipelineExecutableStatisticKHR*, Result>)
        ExtensionFunction.Load(vk, instance, "vkGetPipelineExecutableStatisticsKHR");

    public Result GetPipelineExecutableProperties(
        Device device, PipelineInfoKHR* info, uint* count, PipelineExecutablePropertiesKHR* properties)
        => _getProperties(device.Handle, info, count, properties);

    public Result GetPipelineExecutableStatistics(
        Device device, PipelineExecutableInfoKHR* info, uint* count, PipelineExecutableStatisticKHR* statistics)
        => _getStatistics(device.Handle, info, count, statistics);
}

/// <summary>Looks an extension function up; one that the instance does not have is an error, not a null call.</summary>
internal static unsafe class ExtensionFunction
{
    public static nint Load(Vk vk, Instance instance, string name)
    {
        using var text = new Utf8Name(name);
        nint address = (nint)vk.GetInstanceProcAddr(instance, text.Pointer).Handle;
        return address != 0 ? address : throw new VulkanUnavailableException($"The Vulkan loader has no function {name}.");
    }
}
