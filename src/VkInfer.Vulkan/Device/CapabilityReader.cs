using System.Globalization;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Fills <see cref="PhysicalDeviceInfo"/> from what a driver tells.</summary>
internal static unsafe class CapabilityReader
{
    /// <param name="vk">Vulkan.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="device">The device.</param>
    /// <param name="index">Its place in the loader's order.</param>
    /// <param name="profile">What is left to be seen of the device; null: all. Everything that is read is reduced here.</param>
    public static PhysicalDeviceInfo Read(Vk vk, Instance instance, PhysicalDevice device, int index, DeviceProfile? profile)
    {
        PhysicalDeviceProperties basic;
        vk.GetPhysicalDeviceProperties(device, &basic);
        if (basic.ApiVersion < Vk.Version13)
        {
            return TooOld(device, index, basic);
        }

        HashSet<string> extensions = DeviceExtensions.Of(vk, device, profile);
        var features = default(FeatureChain);
        FeatureChain.Query(vk, device, profile, &features, extensions.Contains);

        var properties = default(PropertyChain);
        PropertyChain.Query(vk, device, profile, &properties, extensions.Contains);

        var families = QueueFamilies.Of(vk, device, profile);
        PhysicalDeviceProperties core = properties.Core.Properties;
        var driver = new DriverIdentity(
            properties.Vulkan12.DriverID, core.DriverVersion, Convert.ToHexStringLower(new ReadOnlySpan<byte>(core.PipelineCacheUuid, 16)));
        DeviceCapabilities capabilities =
            Quirks.Apply(driver, Capabilities(vk, instance, device, profile, &features, &properties, extensions, families));
        string driverInfo = Utf8Name.Read(properties.Vulkan12.DriverInfo);
        return new PhysicalDeviceInfo
        {
            Index = index,
            Name = Utf8Name.Read(core.DeviceName),
            Type = TypeOf(core.DeviceType),
            VendorId = core.VendorID,
            DeviceId = core.DeviceID,
            DriverName = Utf8Name.Read(properties.Vulkan12.DriverName),
            DriverVersion = driverInfo.Length > 0 ? driverInfo : Version(core.DriverVersion),
            ApiVersion = Version(core.ApiVersion),
            Uuid = Convert.ToHexStringLower(new ReadOnlySpan<byte>(properties.Vulkan11.DeviceUuid, 16)),
            Capabilities = capabilities,
            UnsupportedReason = DeviceRequirements.Missing(capabilities, &features, families),
            Profile = profile,
            Handle = device.Handle,
            Driver = driver,
        };
    }

    private static DeviceCapabilities Capabilities(
        Vk vk, Instance instance, PhysicalDevice device, DeviceProfile? profile, FeatureChain* features, PropertyChain* properties,
        HashSet<string> extensions, QueueFamilies families)
    {
        PhysicalDeviceLimits limits = properties->Core.Properties.Limits;
        SubgroupFeatureFlags operations = properties->Vulkan11.SubgroupSupportedStages.HasFlag(ShaderStageFlags.ComputeBit)
            ? properties->Vulkan11.SubgroupSupportedOperations
            : 0;
        var memory = DeviceMemoryTypes.Read(vk, device, profile);
        return new DeviceCapabilities
        {
            SubgroupSize = (int)properties->Vulkan11.SubgroupSize,
            MinSubgroupSize = (int)properties->Vulkan13.MinSubgroupSize,
            MaxSubgroupSize = (int)properties->Vulkan13.MaxSubgroupSize,
            SubgroupSizeControl = features->Vulkan13.SubgroupSizeControl
                && properties->Vulkan13.RequiredSubgroupSizeStages.HasFlag(ShaderStageFlags.ComputeBit),
            SubgroupSizeVaries = properties->SubgroupSizeVaries,
            MaxWorkgroupSubgroups = Narrow(properties->Vulkan13.MaxComputeWorkgroupSubgroups),
            ComputeFullSubgroups = features->Vulkan13.ComputeFullSubgroups,
            SubgroupArithmetic = operations.HasFlag(SubgroupFeatureFlags.ArithmeticBit),
            SubgroupBallot = operations.HasFlag(SubgroupFeatureFlags.BallotBit),
            SubgroupShuffle = operations.HasFlag(SubgroupFeatureFlags.ShuffleBit),
            SubgroupVote = operations.HasFlag(SubgroupFeatureFlags.VoteBit),
            MaxSharedMemoryBytes = Narrow(limits.MaxComputeSharedMemorySize),
            MaxWorkgroupInvocations = WorkgroupInvocations(properties),
            MaxWorkgroupCount = Triple(limits.MaxComputeWorkGroupCount),
            MaxWorkgroupSize = Triple(limits.MaxComputeWorkGroupSize),
            MaxPushConstantBytes = Narrow(limits.MaxPushConstantsSize),
            MaxStorageBufferRange = limits.MaxStorageBufferRange,
            MaxBufferSize = Narrow64(properties->Vulkan13.MaxBufferSize),
            MaxAllocationSize = Narrow64(properties->Vulkan11.MaxMemoryAllocationSize),
            StorageBufferOffsetAlignment = (int)Math.Max(limits.MinStorageBufferOffsetAlignment, 4),
            Float16 = features->Vulkan12.ShaderFloat16,
            Int8 = features->Vulkan12.ShaderInt8,
            Int16 = features->Core.Features.ShaderInt16,
            Int64 = features->Core.Features.ShaderInt64,
            Storage16 = features->Vulkan11.StorageBuffer16BitAccess,
            Storage8 = features->Vulkan12.StorageBuffer8BitAccess,
            IntegerDotProduct = features->Vulkan13.ShaderIntegerDotProduct,
            IntegerDotProductAccelerated = properties->Vulkan13.IntegerDotProduct4x8BitPackedSignedAccelerated,
            BFloat16 = features->BFloat16.ShaderBFloat16Type,
            BufferDeviceAddress = features->Vulkan12.BufferDeviceAddress,
            VulkanMemoryModel = features->Vulkan12.VulkanMemoryModel && features->Vulkan12.VulkanMemoryModelDeviceScope,
            MemoryModelChains = features->Vulkan12.VulkanMemoryModelAvailabilityVisibilityChains,
            CooperativeMatrixShapes = features->CooperativeMatrix.CooperativeMatrix
                ? CooperativeMatrixShapes(new KhrCooperativeMatrix(vk, instance), device, profile)
                : [],
            CooperativeMatrix2Nv = extensions.Contains(DeviceExtensions.CooperativeMatrix2),
            TimestampPeriodNanoseconds = limits.TimestampPeriod,
            TimestampsSupported = families.TimestampBits > 0,
            ShaderCoreCount = ShaderCores(properties, extensions),
            Heaps = memory.Heaps(),
            HostVisibleDeviceLocal = memory.HostVisibleDeviceLocal,
            TransferQueue = families.Transfer is not null,
            MemoryBudget = extensions.Contains(DeviceExtensions.MemoryBudget),
            PipelineExecutableProperties = features->PipelineExecutable.PipelineExecutableInfo,
        };
    }

    // All pipelines of a device whose subgroups vary ask for the usual size.
    private static int WorkgroupInvocations(PropertyChain* properties)
    {
        uint most = properties->Core.Properties.Limits.MaxComputeWorkGroupInvocations;
        ulong ofSubgroups = (ulong)properties->Vulkan11.SubgroupSize * properties->Vulkan13.MaxComputeWorkgroupSubgroups;
        return Narrow(properties->SubgroupSizeVaries ? (uint)Math.Min(most, ofSubgroups) : most);
    }

    private static int? ShaderCores(PropertyChain* properties, HashSet<string> extensions)
    {
        if (extensions.Contains(DeviceExtensions.SmBuiltinsNv))
        {
            return (int)properties->SmBuiltins.ShaderSmcount;
        }

        if (extensions.Contains(DeviceExtensions.CoreProperties2Amd))
        {
            return (int)properties->Core2Amd.ActiveComputeUnitCount;
        }

        if (extensions.Contains(DeviceExtensions.CorePropertiesAmd))
        {
            return (int)(properties->CoreAmd.ShaderEngineCount * properties->CoreAmd.ShaderArraysPerEngineCount
                * properties->CoreAmd.ComputeUnitsPerShaderArray);
        }

        return extensions.Contains(DeviceExtensions.CoreBuiltinsArm) ? (int)properties->CoreArm.ShaderCoreCount : null;
    }

    private static CooperativeMatrixShape[] CooperativeMatrixShapes(
        KhrCooperativeMatrix functions, PhysicalDevice device, DeviceProfile? profile)
    {
        const string Operation = "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR";
        uint count = 0;
        VulkanException.ThrowIfFailed(functions.GetPhysicalDeviceCooperativeMatrixProperties(device, &count, null), Operation);
        var rows = new CooperativeMatrixPropertiesKHR[count];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i].SType = StructureType.CooperativeMatrixPropertiesKhr;
        }

        fixed (CooperativeMatrixPropertiesKHR* first = rows)
        {
            VulkanException.ThrowIfFailed(functions.GetPhysicalDeviceCooperativeMatrixProperties(device, &count, first), Operation);
        }

        CooperativeMatrixShape[] shapes = [
            .. rows.Take((int)count).Where(row => row.Scope == ScopeKHR.SubgroupKhr).Select(row => new CooperativeMatrixShape(
            (int)row.MSize, (int)row.NSize, (int)row.KSize, TypeOf(row.AType), TypeOf(row.BType), TypeOf(row.CType),
            TypeOf(row.ResultType), row.SaturatingAccumulation))];
        return profile?.Reduce(shapes) ?? shapes;
    }

    private static MatrixComponentType TypeOf(ComponentTypeKHR type) => type switch
    {
        ComponentTypeKHR.Float16Khr => MatrixComponentType.Float16,
        ComponentTypeKHR.Float32Khr => MatrixComponentType.Float32,
        ComponentTypeKHR.Float64Khr => MatrixComponentType.Float64,
        ComponentTypeKHR.Bfloat16Khr => MatrixComponentType.BFloat16,
        ComponentTypeKHR.Sint8Khr => MatrixComponentType.SInt8,
        ComponentTypeKHR.Sint16Khr => MatrixComponentType.SInt16,
        ComponentTypeKHR.Sint32Khr => MatrixComponentType.SInt32,
        ComponentTypeKHR.Sint64Khr => MatrixComponentType.SInt64,
        ComponentTypeKHR.Uint8Khr => MatrixComponentType.UInt8,
        ComponentTypeKHR.Uint16Khr => MatrixComponentType.UInt16,
        ComponentTypeKHR.Uint32Khr => MatrixComponentType.UInt32,
        ComponentTypeKHR.Uint64Khr => MatrixComponentType.UInt64,
        _ => MatrixComponentType.Unknown,
    };

    private static DeviceType TypeOf(PhysicalDeviceType type) => type switch
    {
        PhysicalDeviceType.DiscreteGpu => DeviceType.Discrete,
        PhysicalDeviceType.IntegratedGpu => DeviceType.Integrated,
        PhysicalDeviceType.VirtualGpu => DeviceType.Virtual,
        PhysicalDeviceType.Cpu => DeviceType.Software,
        _ => DeviceType.Other,
    };

    private static PhysicalDeviceInfo TooOld(PhysicalDevice device, int index, PhysicalDeviceProperties properties) => new()
    {
        Index = index,
        Name = Utf8Name.Read(properties.DeviceName),
        Type = TypeOf(properties.DeviceType),
        VendorId = properties.VendorID,
        DeviceId = properties.DeviceID,
        DriverName = string.Empty,
        DriverVersion = Version(properties.DriverVersion),
        ApiVersion = Version(properties.ApiVersion),
        Uuid = string.Empty,
        Capabilities = new DeviceCapabilities(),
        UnsupportedReason = $"it has Vulkan {Version(properties.ApiVersion)}, and 1.3 is needed",
        Handle = device.Handle,
    };

    private static string Version(uint packed) => string.Create(
        CultureInfo.InvariantCulture, $"{(packed >> 22) & 0x7f}.{(packed >> 12) & 0x3ff}.{packed & 0xfff}");

    private static (int X, int Y, int Z) Triple(uint* values) => (Narrow(values[0]), Narrow(values[1]), Narrow(values[2]));

    private static int Narrow(uint value) => (int)Math.Min(value, int.MaxValue);

    private static long Narrow64(ulong value) => (long)Math.Min(value, long.MaxValue);
}
