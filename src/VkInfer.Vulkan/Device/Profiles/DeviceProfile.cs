namespace VkInfer.Vulkan;

/// <summary>
/// Another device's limits, for tests: what is read from a driver is reduced to them, so that nothing above sees more, and no feature
/// is switched on beyond them. A profile only takes away: where the driver has less, it stays so. Immutable.
/// </summary>
internal sealed record DeviceProfile
{
    /// <summary>Environment variable that names a profile of <see cref="DeviceProfiles.All"/>; for tests.</summary>
    public const string EnvironmentVariable = "VKINFER_DEVICE_PROFILE";

    /// <summary>The name by which the environment variable finds it.</summary>
    public required string Name { get; init; }

    /// <summary>Devices that report about this.</summary>
    public string Models { get; init; } = "";

    /// <summary>Where the figures are from.</summary>
    public string Source { get; init; } = "";

    /// <summary>Subgroup size when none is asked for, and the sizes that may be; of effect only where the driver offers them.</summary>
    public (int Usual, int Min, int Max)? Subgroups { get; init; }

    /// <summary>Subgroup add, min, max …</summary>
    public bool SubgroupArithmetic { get; init; } = true;

    /// <summary>Subgroup ballot, shuffle and vote.</summary>
    public bool SubgroupShuffle { get; init; } = true;

    /// <summary>A pipeline may require its subgroup size.</summary>
    public bool SubgroupSizeControl { get; init; } = true;

    /// <summary>Bytes of shared memory.</summary>
    public int SharedMemoryBytes { get; init; } = int.MaxValue;

    /// <summary>Invocations of a workgroup.</summary>
    public int WorkgroupInvocations { get; init; } = int.MaxValue;

    /// <summary>Bytes of push constants.</summary>
    public int PushConstantBytes { get; init; } = int.MaxValue;

    /// <summary>Bytes of a storage buffer binding.</summary>
    public long StorageBufferRange { get; init; } = long.MaxValue;

    /// <summary>Bytes of one allocation.</summary>
    public long AllocationBytes { get; init; } = long.MaxValue;

    /// <summary>What the offset of a binding must be a multiple of; a power of two.</summary>
    public int OffsetAlignment { get; init; } = 1;

    /// <summary>Buffer device addresses, which Vulkan 1.3 requires; off for testing the refusal.</summary>
    public bool BufferDeviceAddress { get; init; } = true;

    /// <summary>Arithmetic on float16.</summary>
    public bool Float16 { get; init; } = true;

    /// <summary>Arithmetic on 8-bit and 16-bit integers.</summary>
    public bool SmallIntegers { get; init; } = true;

    /// <summary>Arithmetic on 64-bit integers.</summary>
    public bool Int64 { get; init; } = true;

    /// <summary>16-bit types in storage buffers.</summary>
    public bool Storage16 { get; init; } = true;

    /// <summary>8-bit types in storage buffers.</summary>
    public bool Storage8 { get; init; } = true;

    /// <summary>Integer dot products at all.</summary>
    public bool IntegerDotProduct { get; init; } = true;

    /// <summary>Integer dot products faster than their emulation.</summary>
    public bool IntegerDotProductAccelerated { get; init; } = true;

    /// <summary>
    /// Shapes (M, N, K) of cooperative matrices that are kept, of those with float16 factors and float32 sums; empty: there are none; null:
    /// as the driver has them.
    /// </summary>
    public IReadOnlyList<(int M, int N, int K)>? MatrixShapes { get; init; }

    /// <summary>Time stamps.</summary>
    public bool Timestamps { get; init; } = true;

    /// <summary>VK_EXT_memory_budget.</summary>
    public bool MemoryBudget { get; init; } = true;

    /// <summary>The CPU reaches the device's memory; else uploads and downloads go through staging.</summary>
    public bool HostVisibleDeviceLocal { get; init; } = true;

    /// <summary>A queue for transfers alone.</summary>
    public bool TransferQueue { get; init; } = true;

    /// <summary>The profile that the environment names; null: none.</summary>
    /// <exception cref="ArgumentException">It names one that there is not.</exception>
    public static DeviceProfile? FromEnvironment()
    {
        string? name = Environment.GetEnvironmentVariable(EnvironmentVariable);
        return string.IsNullOrWhiteSpace(name)
            ? null
            : DeviceProfiles.All.FirstOrDefault(profile => profile.Name.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase))
                ?? throw new ArgumentException(
                    $"{EnvironmentVariable} is '{name}'; expected one of {string.Join(", ", DeviceProfiles.All.Select(profile => profile.Name))}.");
    }
}
