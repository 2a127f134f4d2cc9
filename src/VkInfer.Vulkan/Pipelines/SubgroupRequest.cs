namespace VkInfer.Vulkan;

/// <summary>
/// The subgroups that a pipeline asks the driver for. Shaders are SPIR-V 1.6, which lets a driver give each pipeline another size of its
/// range, and subgroups that are not full. Kernels count by the usual size, so that it is asked for wherever another would be possible.
/// </summary>
/// <param name="Size">Invocations of a subgroup; null: there is one size.</param>
/// <param name="IsFull">No subgroup has idle invocations at its start.</param>
internal readonly record struct SubgroupRequest(int? Size, bool IsFull)
{
    /// <summary>What a pipeline asks for on a device.</summary>
    /// <param name="limits">The device.</param>
    /// <param name="workgroup">The pipeline's workgroup.</param>
    /// <param name="size">The size that its kernel wants; null: the usual one.</param>
    /// <param name="isFull">Whether its kernel wants them full: else they are where a workgroup divides into them.</param>
    public static SubgroupRequest Of(DeviceCapabilities limits, WorkgroupUsage workgroup, int? size, bool isFull)
    {
        int? asked = size ?? (limits is { SubgroupSizeVaries: true, SubgroupSizeControl: true } ? limits.SubgroupSize : null);
        return new SubgroupRequest(asked, isFull || (limits.ComputeFullSubgroups && IsDivided(limits, workgroup, asked)));
    }

    /// <summary>What of it the device has not; null: it has all.</summary>
    public (string Wanted, string Available)? Problem(DeviceCapabilities limits, WorkgroupUsage workgroup)
    {
        if (IsFull && !limits.ComputeFullSubgroups)
        {
            return ("full subgroups", "none of that");
        }

        if (IsFull && !IsDivided(limits, workgroup, Size))
        {
            return ($"full subgroups in a workgroup of {workgroup.X}x{workgroup.Y}x{workgroup.Z}",
                $"subgroups of {Size ?? limits.MaxSubgroupSize}");
        }

        if (Size is not { } size)
        {
            return null;
        }

        if (!limits.SubgroupSizeControl || !int.IsPow2(size) || size < limits.MinSubgroupSize || size > limits.MaxSubgroupSize)
        {
            return ($"subgroups of {size}",
                limits.SubgroupSizeControl ? $"{limits.MinSubgroupSize} to {limits.MaxSubgroupSize}" : $"{limits.SubgroupSize} only");
        }

        long invocations = workgroup.X * workgroup.Y * workgroup.Z;
        return invocations > (long)size * limits.MaxWorkgroupSubgroups
            ? ($"{invocations} invocations in subgroups of {size}", $"{limits.MaxWorkgroupSubgroups} subgroups in a workgroup")
            : null;
    }

    // Where no size is asked for, a driver may take the largest (VUID-VkPipelineShaderStageCreateInfo-module-08987).
    private static bool IsDivided(DeviceCapabilities limits, WorkgroupUsage workgroup, int? size) =>
        workgroup.X % Math.Max(1, size ?? limits.MaxSubgroupSize) == 0;
}
