namespace VkInfer.Vulkan;

/// <summary>
/// The profiles, one for each family of devices that is common and not at hand. docs/devices.md has the same table, and a test compares
/// them. Figures are those that matter here; where no source gives one, it is left to the driver.
/// </summary>
internal static class DeviceProfiles
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;
    private static readonly (int, int, int)[] None = [];

    /// <summary>All of them; names are in lower case.</summary>
    public static IReadOnlyList<DeviceProfile> All { get; } =
    [
        new()
        {
            Name = "intel-uhd",
            Models = "Intel UHD Graphics 730, 750, 770 and of Alder Lake-N (Xe-LP)",
            Source = "vulkan.gpuinfo.org report 39319 (UHD of an N150: subgroups of 8 to 32); Mesa src/intel/vulkan (64 KiB, dot products from generation 12)",
            Subgroups = (32, 8, 32),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 128,
            StorageBufferRange = GiB,
            OffsetAlignment = 4,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "intel-arc",
            Models = "Intel Arc A380, A750, A770 (DG2)",
            Source = "Mesa src/intel/dev/intel_device_info.c (cooperative matrix configurations), src/intel/vulkan",
            Subgroups = (32, 8, 32),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            StorageBufferRange = GiB,
            OffsetAlignment = 4,
            MatrixShapes = [(8, 8, 16), (8, 16, 16)],
        },
        new()
        {
            Name = "amd-vega",
            Models = "AMD Radeon RX Vega 56, 64, integrated Vega 8",
            Source = "Mesa src/amd/vulkan/radv_physical_device.c (subgroups of 64 before GFX10)",
            Subgroups = (64, 64, 64),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            HostVisibleDeviceLocal = false,
            TransferQueue = false,
        },
        new()
        {
            Name = "amd-rdna2",
            Models = "AMD Radeon RX 6600 to 6900, Steam Deck",
            Source = "Mesa src/amd/vulkan/radv_physical_device.c (subgroups of 32 from GFX10)",
            Subgroups = (64, 32, 64),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "amd-rdna3",
            Models = "AMD Radeon RX 7600 to 7900",
            Source = "Mesa src/amd/vulkan/radv_cooperative_matrix.c, radv_physical_device.c",
            Subgroups = (64, 32, 64),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            MatrixShapes = [(16, 16, 16)],
            TransferQueue = false,
        },
        new()
        {
            Name = "amd-rdna4",
            Models = "AMD Radeon RX 9060, 9070",
            Source = "Mesa src/amd/vulkan/radv_cooperative_matrix.c, radv_physical_device.c",
            Subgroups = (64, 32, 64),
            SharedMemoryBytes = 64 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            MatrixShapes = [(16, 16, 16)],
        },
        new()
        {
            Name = "nvidia-pascal",
            Models = "NVIDIA GeForce GTX 1050 to 1080 Ti",
            Source = "CUDA C++ Programming Guide, table of compute capabilities (6.1: 48 KiB a block, float16 at a 64th of the rate, taken as none)",
            Subgroups = (32, 32, 32),
            SharedMemoryBytes = 48 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            OffsetAlignment = 16,
            Float16 = false,
            MatrixShapes = None,
            HostVisibleDeviceLocal = false,
        },
        new()
        {
            Name = "nvidia-turing",
            Models = "NVIDIA GeForce RTX 2060 to 2080 Ti, T4",
            Source =
                "IREE compiler/src/iree/compiler/Dialect/Vulkan/Utils/TargetTriple.cpp (turing-t4); NVIDIA's list of cooperative matrices",
            Subgroups = (32, 32, 32),
            SharedMemoryBytes = 48 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            OffsetAlignment = 16,
            MatrixShapes = [(16, 16, 16), (16, 8, 16), (16, 8, 8)],
            HostVisibleDeviceLocal = false,
        },
        new()
        {
            Name = "apple-moltenvk",
            Models = "Apple M1 to M4 through MoltenVK 1.3",
            Source = "MoltenVK MoltenVK/MoltenVK/GPUObjects/MVKDevice.mm",
            Subgroups = (32, 32, 32),
            SubgroupSizeControl = false,
            SharedMemoryBytes = 32 << 10,
            WorkgroupInvocations = 1024,
            OffsetAlignment = 16,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "adreno",
            Models = "Qualcomm Adreno 7xx",
            Source = "Mesa src/freedreno/vulkan/tu_device.cc (dot products of signed bytes are emulated), tu_common.h (storage ranges of 128 MiB)",
            Subgroups = (64, 64, 128),
            SharedMemoryBytes = 32 << 10,
            WorkgroupInvocations = 1024,
            PushConstantBytes = 256,
            StorageBufferRange = 128 * MiB,
            OffsetAlignment = 64,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "raspberry-pi-5",
            Models = "Raspberry Pi 5 (V3D 7.1)",
            Source = "Mesa src/broadcom/vulkan/v3dv_device.c; assumes the subgroup operations of Mesa 24.1 and later",
            Subgroups = (16, 16, 16),
            SharedMemoryBytes = 16 << 10,
            WorkgroupInvocations = 256,
            PushConstantBytes = 128,
            StorageBufferRange = 128 * MiB,
            OffsetAlignment = 32,
            Float16 = false,
            SmallIntegers = false,
            Int64 = false,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "raspberry-pi-4",
            Models = "Raspberry Pi 4 (V3D 4.2)",
            Source = "Mesa src/broadcom/vulkan/v3dv_device.c (basic subgroup operations alone)",
            Subgroups = (16, 16, 16),
            SubgroupArithmetic = false,
            SubgroupShuffle = false,
            SharedMemoryBytes = 16 << 10,
            WorkgroupInvocations = 256,
            PushConstantBytes = 128,
            StorageBufferRange = 128 * MiB,
            OffsetAlignment = 32,
            Float16 = false,
            SmallIntegers = false,
            Int64 = false,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            TransferQueue = false,
        },
        new()
        {
            Name = "vulkan-minimum",
            Models = "none: the least that Vulkan 1.3 and docs/devices.md ask for",
            Source = "Vulkan specification 1.3, table 'Required Limits'",
            SubgroupSizeControl = false,
            SharedMemoryBytes = 16 << 10,
            WorkgroupInvocations = 128,
            PushConstantBytes = 128,
            StorageBufferRange = 128 * MiB,
            OffsetAlignment = 256,
            AllocationBytes = GiB,
            Float16 = false,
            SmallIntegers = false,
            Int64 = false,
            Storage16 = false,
            Storage8 = false,
            IntegerDotProduct = false,
            IntegerDotProductAccelerated = false,
            MatrixShapes = None,
            Timestamps = false,
            MemoryBudget = false,
            HostVisibleDeviceLocal = false,
            TransferQueue = false,
        },
    ];
}
