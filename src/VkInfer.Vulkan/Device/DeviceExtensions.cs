using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The device extensions that are used where they exist.</summary>
internal static unsafe class DeviceExtensions
{
    public const string CooperativeMatrix2 = "VK_NV_cooperative_matrix2";
    public const string BFloat16 = "VK_KHR_shader_bfloat16";
    public const string MemoryBudget = "VK_EXT_memory_budget";
    public const string PortabilitySubset = "VK_KHR_portability_subset";
    public const string SmBuiltinsNv = "VK_NV_shader_sm_builtins";
    public const string CorePropertiesAmd = "VK_AMD_shader_core_properties";
    public const string CoreProperties2Amd = "VK_AMD_shader_core_properties2";
    public const string CoreBuiltinsArm = "VK_ARM_shader_core_builtins";

    /// <summary>Extensions that change what shaders and calls may do, and so must be switched on.</summary>
    private static readonly string[] Enabled =
        [KhrCooperativeMatrix.ExtensionName, CooperativeMatrix2, BFloat16, MemoryBudget, PortabilitySubset];

    public static HashSet<string> Of(Vk vk, PhysicalDevice device, DeviceProfile? profile)
    {
        uint count = 0;
        VulkanException.ThrowIfFailed(
            vk.EnumerateDeviceExtensionProperties(device, (byte*)null, &count, null), "vkEnumerateDeviceExtensionProperties");
        var properties = new ExtensionProperties[count];
        fixed (ExtensionProperties* first = properties)
        {
            VulkanException.ThrowIfFailed(
                vk.EnumerateDeviceExtensionProperties(device, (byte*)null, &count, first), "vkEnumerateDeviceExtensionProperties");
            var names = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < count; i++)
            {
                names.Add(Utf8Name.Read(first[i].ExtensionName));
            }

            profile?.Reduce(names);
            return names;
        }
    }

    public static List<string> ToEnable(HashSet<string> available, bool statistics)
    {
        var names = Enabled.Where(available.Contains).ToList();
        if (statistics && available.Contains(KhrPipelineExecutableProperties.ExtensionName))
        {
            names.Add(KhrPipelineExecutableProperties.ExtensionName);
        }

        return names;
    }
}
