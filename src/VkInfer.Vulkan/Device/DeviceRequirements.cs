namespace VkInfer.Vulkan;

/// <summary>What every device must have, beside Vulkan 1.3; whatever else a device lacks, a kernel has a form without.</summary>
internal static class DeviceRequirements
{
    /// <summary>Why a device cannot be used, to follow its name; null: it can.</summary>
    public static unsafe string? Missing(DeviceCapabilities capabilities, FeatureChain* features, QueueFamilies families)
    {
        (bool Has, string Name)[] required =
        [
            (families.Compute is not null, "a compute queue"),
            (capabilities.BufferDeviceAddress, "buffer device addresses"),
            (features->Vulkan12.TimelineSemaphore, "timeline semaphores"),
            (features->Vulkan12.HostQueryReset, "query reset from the host"),
            (features->Vulkan13.Synchronization2, "synchronization2"),
            (features->Vulkan13.Maintenance4, "maintenance4"),
            (capabilities.SubgroupArithmetic, "subgroup arithmetic in compute shaders"),
            (capabilities.SubgroupShuffle, "subgroup shuffles in compute shaders"),
            (capabilities.SubgroupVote, "subgroup votes in compute shaders"),
            (capabilities.SubgroupSizeControl || !capabilities.SubgroupSizeVaries,
                "a choice of the subgroup size, of which it has several"),
        ];
        string[] missing = [.. required.Where(each => !each.Has).Select(each => each.Name)];
        return missing.Length == 0 ? null : $"it lacks {string.Join(", ", missing)}";
    }
}
