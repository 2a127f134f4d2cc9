using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Takes away, of what a driver reports, what a profile does not have.</summary>
internal static unsafe class ProfileReduction
{
    /// <summary>Features: what is off here is off when the device is opened, too.</summary>
    public static void Reduce(this DeviceProfile profile, FeatureChain* features)
    {
        features->Core.Features.ShaderInt16 &= profile.SmallIntegers;
        features->Core.Features.ShaderInt64 &= profile.Int64;
        features->Vulkan11.StorageBuffer16BitAccess &= profile.Storage16;
        features->Vulkan11.UniformAndStorageBuffer16BitAccess &= profile.Storage16;
        features->Vulkan12.StorageBuffer8BitAccess &= profile.Storage8;
        features->Vulkan12.UniformAndStorageBuffer8BitAccess &= profile.Storage8;
        features->Vulkan12.ShaderFloat16 &= profile.Float16;
        features->Vulkan12.ShaderInt8 &= profile.SmallIntegers;
        features->Vulkan12.BufferDeviceAddress &= profile.BufferDeviceAddress;
        features->Vulkan13.SubgroupSizeControl &= profile.SubgroupSizeControl;
        features->Vulkan13.ComputeFullSubgroups &= profile.SubgroupSizeControl;
        features->Vulkan13.ShaderIntegerDotProduct &= profile.IntegerDotProduct;
        if (profile.MatrixShapes is { Count: 0 })
        {
            features->CooperativeMatrix.CooperativeMatrix = false;
        }
    }

    /// <summary>Limits.</summary>
    public static void Reduce(this DeviceProfile profile, PropertyChain* properties)
    {
        PhysicalDeviceLimits* limits = &properties->Core.Properties.Limits;
        limits->MaxComputeSharedMemorySize = Math.Min(limits->MaxComputeSharedMemorySize, (uint)profile.SharedMemoryBytes);
        limits->MaxComputeWorkGroupInvocations = Math.Min(limits->MaxComputeWorkGroupInvocations, (uint)profile.WorkgroupInvocations);
        for (int axis = 0; axis < 3; axis++)
        {
            limits->MaxComputeWorkGroupSize[axis] = Math.Min(limits->MaxComputeWorkGroupSize[axis], (uint)profile.WorkgroupInvocations);
        }

        limits->MaxPushConstantsSize = Math.Min(limits->MaxPushConstantsSize, (uint)profile.PushConstantBytes);
        limits->MaxStorageBufferRange = (uint)Math.Min(limits->MaxStorageBufferRange, profile.StorageBufferRange);
        limits->MinStorageBufferOffsetAlignment = Math.Max(limits->MinStorageBufferOffsetAlignment, (ulong)profile.OffsetAlignment);
        properties->Vulkan11.MaxMemoryAllocationSize =
            Math.Min(properties->Vulkan11.MaxMemoryAllocationSize, (ulong)profile.AllocationBytes);
        properties->Vulkan11.SubgroupSupportedOperations &= ~(
            (profile.SubgroupArithmetic ? 0 : SubgroupFeatureFlags.ArithmeticBit | SubgroupFeatureFlags.ClusteredBit)
            | (profile.SubgroupShuffle ? 0 : SubgroupFeatureFlags.ShuffleBit | SubgroupFeatureFlags.ShuffleRelativeBit
                | SubgroupFeatureFlags.BallotBit | SubgroupFeatureFlags.VoteBit | SubgroupFeatureFlags.QuadBit));
        properties->Vulkan13.IntegerDotProduct4x8BitPackedSignedAccelerated &= profile.IntegerDotProduct
            && profile.IntegerDotProductAccelerated;
        ReduceSubgroups(profile, properties);
    }

    /// <summary>Extensions.</summary>
    public static void Reduce(this DeviceProfile profile, HashSet<string> extensions)
    {
        if (!profile.MemoryBudget)
        {
            extensions.Remove(DeviceExtensions.MemoryBudget);
        }

        if (profile.MatrixShapes is { } shapes)
        {
            extensions.Remove(DeviceExtensions.CooperativeMatrix2);
            if (shapes.Count == 0)
            {
                extensions.Remove(KhrCooperativeMatrix.ExtensionName);
            }
        }

        if (!profile.Float16)
        {
            extensions.Remove(DeviceExtensions.BFloat16);
        }
    }

    /// <summary>Queues.</summary>
    public static QueueFamilies Reduce(this DeviceProfile profile, QueueFamilies families) => families with
    {
        Transfer = profile.TransferQueue ? families.Transfer : null,
        TimestampBits = profile.Timestamps ? families.TimestampBits : 0,
    };

    /// <summary>Shapes of cooperative matrices.</summary>
    public static CooperativeMatrixShape[] Reduce(this DeviceProfile profile, CooperativeMatrixShape[] shapes) =>
        profile.MatrixShapes is { } kept
        ? [.. shapes.Where(shape => shape is { A: MatrixComponentType.Float16, C: MatrixComponentType.Float32 }
            && kept.Contains((shape.M, shape.N, shape.K)))]
        : shapes;

    // Sizes can be asked for, never made up: where the driver has none of the profile's, its own stay. Those of a range are asked for even
    // where the driver has a single one of it.
    private static void ReduceSubgroups(DeviceProfile profile, PropertyChain* properties)
    {
        if (profile.Subgroups is not { } wanted)
        {
            return;
        }

        properties->SubgroupSizeVaries |= wanted.Min < wanted.Max;
        if (!profile.SubgroupSizeControl)
        {
            return;
        }

        uint min = Math.Max(properties->Vulkan13.MinSubgroupSize, (uint)wanted.Min);
        uint max = Math.Min(properties->Vulkan13.MaxSubgroupSize, (uint)wanted.Max);
        if (min <= max)
        {
            properties->Vulkan13.MinSubgroupSize = min;
            properties->Vulkan13.MaxSubgroupSize = max;
            properties->Vulkan11.SubgroupSize = Math.Clamp((uint)wanted.Usual, min, max);
        }
    }
}
