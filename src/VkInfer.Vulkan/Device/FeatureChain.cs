using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>The feature structures, linked: once to ask what there is, once to switch on what is used. Must not move once linked.</summary>
internal unsafe struct FeatureChain
{
    public PhysicalDeviceFeatures2 Core;
    public PhysicalDeviceVulkan11Features Vulkan11;
    public PhysicalDeviceVulkan12Features Vulkan12;
    public PhysicalDeviceVulkan13Features Vulkan13;
    public PhysicalDeviceCooperativeMatrixFeaturesKHR CooperativeMatrix;
    public PhysicalDeviceCooperativeMatrix2FeaturesNV CooperativeMatrix2;
    public PhysicalDeviceShaderBfloat16FeaturesKHR BFloat16;
    public PhysicalDevicePipelineExecutablePropertiesFeaturesKHR PipelineExecutable;

    /// <summary>Asks what a device offers, as far as a profile lets it be seen.</summary>
    public static void Query(Vk vk, PhysicalDevice device, DeviceProfile? profile, FeatureChain* chain, Func<string, bool> has)
    {
        Link(chain, has);
        vk.GetPhysicalDeviceFeatures2(device, &chain->Core);
        profile?.Reduce(chain);
    }

    /// <summary>Links the structures of Vulkan 1.3 and of those extensions that <paramref name="has"/> confirms.</summary>
    public static void Link(FeatureChain* chain, Func<string, bool> has)
    {
        chain->Core.SType = StructureType.PhysicalDeviceFeatures2;
        chain->Vulkan11.SType = StructureType.PhysicalDeviceVulkan11Features;
        chain->Vulkan12.SType = StructureType.PhysicalDeviceVulkan12Features;
        chain->Vulkan13.SType = StructureType.PhysicalDeviceVulkan13Features;
        chain->CooperativeMatrix.SType = StructureType.PhysicalDeviceCooperativeMatrixFeaturesKhr;
        chain->CooperativeMatrix2.SType = StructureType.PhysicalDeviceCooperativeMatrix2FeaturesNV;
        chain->BFloat16.SType = StructureType.PhysicalDeviceShaderBfloat16FeaturesKhr;
        chain->PipelineExecutable.SType = StructureType.PhysicalDevicePipelineExecutablePropertiesFeaturesKhr;

        chain->Core.PNext = &chain->Vulkan11;
        chain->Vulkan11.PNext = &chain->Vulkan12;
        chain->Vulkan12.PNext = &chain->Vulkan13;
        void** tail = &chain->Vulkan13.PNext;
        if (has(KhrCooperativeMatrix.ExtensionName))
        {
            *tail = &chain->CooperativeMatrix;
            tail = &chain->CooperativeMatrix.PNext;
        }

        if (has(DeviceExtensions.CooperativeMatrix2))
        {
            *tail = &chain->CooperativeMatrix2;
            tail = &chain->CooperativeMatrix2.PNext;
        }

        if (has(DeviceExtensions.BFloat16))
        {
            *tail = &chain->BFloat16;
            tail = &chain->BFloat16.PNext;
        }

        if (has(KhrPipelineExecutableProperties.ExtensionName))
        {
            *tail = &chain->PipelineExecutable;
            tail = &chain->PipelineExecutable.PNext;
        }

        *tail = null;
    }

    /// <summary>
    /// Keeps, of what the device offers, what shaders here use. robustBufferAccess stays off: it costs a comparison per load, and
    /// ranges are checked when a dispatch is recorded.
    /// </summary>
    public static void KeepUsed(FeatureChain* offered, FeatureChain* used, bool statistics)
    {
        used->Core.Features.ShaderInt16 = offered->Core.Features.ShaderInt16;
        used->Core.Features.ShaderInt64 = offered->Core.Features.ShaderInt64;
        used->Vulkan11.StorageBuffer16BitAccess = offered->Vulkan11.StorageBuffer16BitAccess;
        used->Vulkan11.UniformAndStorageBuffer16BitAccess = offered->Vulkan11.UniformAndStorageBuffer16BitAccess;
        used->Vulkan12.StorageBuffer8BitAccess = offered->Vulkan12.StorageBuffer8BitAccess;
        used->Vulkan12.UniformAndStorageBuffer8BitAccess = offered->Vulkan12.UniformAndStorageBuffer8BitAccess;
        used->Vulkan12.ShaderFloat16 = offered->Vulkan12.ShaderFloat16;
        used->Vulkan12.ShaderInt8 = offered->Vulkan12.ShaderInt8;
        used->Vulkan12.ShaderSubgroupExtendedTypes = offered->Vulkan12.ShaderSubgroupExtendedTypes;
        used->Vulkan12.BufferDeviceAddress = offered->Vulkan12.BufferDeviceAddress;
        used->Vulkan12.TimelineSemaphore = offered->Vulkan12.TimelineSemaphore;
        used->Vulkan12.VulkanMemoryModel = offered->Vulkan12.VulkanMemoryModel;
        used->Vulkan12.VulkanMemoryModelDeviceScope = offered->Vulkan12.VulkanMemoryModelDeviceScope;
        used->Vulkan12.VulkanMemoryModelAvailabilityVisibilityChains = offered->Vulkan12.VulkanMemoryModelAvailabilityVisibilityChains;
        used->Vulkan12.HostQueryReset = offered->Vulkan12.HostQueryReset;
        used->Vulkan12.ScalarBlockLayout = offered->Vulkan12.ScalarBlockLayout;
        used->Vulkan13.Synchronization2 = offered->Vulkan13.Synchronization2;
        used->Vulkan13.Maintenance4 = offered->Vulkan13.Maintenance4;
        used->Vulkan13.SubgroupSizeControl = offered->Vulkan13.SubgroupSizeControl;
        used->Vulkan13.ComputeFullSubgroups = offered->Vulkan13.ComputeFullSubgroups;
        used->Vulkan13.ShaderIntegerDotProduct = offered->Vulkan13.ShaderIntegerDotProduct;
        used->Vulkan13.ShaderDemoteToHelperInvocation = false;
        used->CooperativeMatrix.CooperativeMatrix = offered->CooperativeMatrix.CooperativeMatrix;
        used->CooperativeMatrix2.CooperativeMatrixWorkgroupScope = offered->CooperativeMatrix2.CooperativeMatrixWorkgroupScope;
        used->CooperativeMatrix2.CooperativeMatrixFlexibleDimensions = offered->CooperativeMatrix2.CooperativeMatrixFlexibleDimensions;
        used->CooperativeMatrix2.CooperativeMatrixReductions = offered->CooperativeMatrix2.CooperativeMatrixReductions;
        used->CooperativeMatrix2.CooperativeMatrixConversions = offered->CooperativeMatrix2.CooperativeMatrixConversions;
        used->CooperativeMatrix2.CooperativeMatrixPerElementOperations =
            offered->CooperativeMatrix2.CooperativeMatrixPerElementOperations;
        used->CooperativeMatrix2.CooperativeMatrixTensorAddressing = offered->CooperativeMatrix2.CooperativeMatrixTensorAddressing;
        used->CooperativeMatrix2.CooperativeMatrixBlockLoads = offered->CooperativeMatrix2.CooperativeMatrixBlockLoads;
        used->BFloat16.ShaderBFloat16Type = offered->BFloat16.ShaderBFloat16Type;
        used->BFloat16.ShaderBFloat16DotProduct = offered->BFloat16.ShaderBFloat16DotProduct;
        used->BFloat16.ShaderBFloat16CooperativeMatrix = offered->BFloat16.ShaderBFloat16CooperativeMatrix;
        used->PipelineExecutable.PipelineExecutableInfo = statistics && offered->PipelineExecutable.PipelineExecutableInfo;
    }
}
