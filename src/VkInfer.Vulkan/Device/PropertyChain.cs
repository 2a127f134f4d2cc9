using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The property structures, linked, to ask a driver for all limits in one call. Must not move once linked.</summary>
internal unsafe struct PropertyChain
{
    public PhysicalDeviceProperties2 Core;
    public PhysicalDeviceVulkan11Properties Vulkan11;
    public PhysicalDeviceVulkan12Properties Vulkan12;
    public PhysicalDeviceVulkan13Properties Vulkan13;
    public PhysicalDeviceShaderSMBuiltinsPropertiesNV SmBuiltins;
    public PhysicalDeviceShaderCorePropertiesAMD CoreAmd;
    public PhysicalDeviceShaderCoreProperties2AMD Core2Amd;
    public PhysicalDeviceShaderCoreBuiltinsPropertiesARM CoreArm;

    /// <summary>Whether the driver has subgroups of several sizes, whatever a profile leaves of them.</summary>
    public bool SubgroupSizeVaries;

    /// <summary>Asks for a device's limits, as far as a profile lets them be seen.</summary>
    public static void Query(Vk vk, PhysicalDevice device, DeviceProfile? profile, PropertyChain* chain, Func<string, bool> has)
    {
        Link(chain, has);
        vk.GetPhysicalDeviceProperties2(device, &chain->Core);
        chain->SubgroupSizeVaries = chain->Vulkan13.MinSubgroupSize < chain->Vulkan13.MaxSubgroupSize;
        profile?.Reduce(chain);
    }

    private static void Link(PropertyChain* chain, Func<string, bool> has)
    {
        chain->Core.SType = StructureType.PhysicalDeviceProperties2;
        chain->Vulkan11.SType = StructureType.PhysicalDeviceVulkan11Properties;
        chain->Vulkan12.SType = StructureType.PhysicalDeviceVulkan12Properties;
        chain->Vulkan13.SType = StructureType.PhysicalDeviceVulkan13Properties;
        chain->SmBuiltins.SType = StructureType.PhysicalDeviceShaderSMBuiltinsPropertiesNV;
        chain->CoreAmd.SType = StructureType.PhysicalDeviceShaderCorePropertiesAmd;
        chain->Core2Amd.SType = StructureType.PhysicalDeviceShaderCoreProperties2Amd;
        chain->CoreArm.SType = StructureType.PhysicalDeviceShaderCoreBuiltinsPropertiesArm;

        chain->Core.PNext = &chain->Vulkan11;
        chain->Vulkan11.PNext = &chain->Vulkan12;
        chain->Vulkan12.PNext = &chain->Vulkan13;
        void** tail = &chain->Vulkan13.PNext;
        if (has(DeviceExtensions.SmBuiltinsNv))
        {
            *tail = &chain->SmBuiltins;
            tail = &chain->SmBuiltins.PNext;
        }

        if (has(DeviceExtensions.CorePropertiesAmd))
        {
            *tail = &chain->CoreAmd;
            tail = &chain->CoreAmd.PNext;
        }

        if (has(DeviceExtensions.CoreProperties2Amd))
        {
            *tail = &chain->Core2Amd;
            tail = &chain->Core2Amd.PNext;
        }

        if (has(DeviceExtensions.CoreBuiltinsArm))
        {
            *tail = &chain->CoreArm;
            tail = &chain->CoreArm.PNext;
        }

        *tail = null;
    }
}
