namespace VkInfer.Vulkan;

/// <summary>What a device can do: limits, number types, matrix units, memory. Immutable. Features are on once the device is open.</summary>
public sealed record DeviceCapabilities
{
    /// <summary>Invocations of a subgroup when none is asked for.</summary>
    public int SubgroupSize { get; init; }

    /// <summary>Smallest subgroup size that may be required.</summary>
    public int MinSubgroupSize { get; init; }

    /// <summary>Largest subgroup size that may be required.</summary>
    public int MaxSubgroupSize { get; init; }

    /// <summary>A compute pipeline may require its subgroup size.</summary>
    public bool SubgroupSizeControl { get; init; }

    /// <summary>Where a pipeline requires no subgroup size, the driver may give it another than the usual.</summary>
    public bool SubgroupSizeVaries { get; init; }

    /// <summary>Subgroups of a workgroup, at most, where a pipeline requires their size.</summary>
    public int MaxWorkgroupSubgroups { get; init; } = int.MaxValue;

    /// <summary>A compute pipeline may require full subgroups.</summary>
    public bool ComputeFullSubgroups { get; init; }

    /// <summary>Subgroup add, min, max … in compute shaders.</summary>
    public bool SubgroupArithmetic { get; init; }

    /// <summary>Subgroup ballot and broadcast in compute shaders.</summary>
    public bool SubgroupBallot { get; init; }

    /// <summary>Subgroup shuffle in compute shaders.</summary>
    public bool SubgroupShuffle { get; init; }

    /// <summary>Subgroup votes in compute shaders.</summary>
    public bool SubgroupVote { get; init; }

    /// <summary>Bytes of shared memory a workgroup may use.</summary>
    public int MaxSharedMemoryBytes { get; init; }

    /// <summary>Invocations of a workgroup, at most, in subgroups of the usual size.</summary>
    public int MaxWorkgroupInvocations { get; init; }

    /// <summary>Workgroups of a dispatch, at most, per axis.</summary>
    public (int X, int Y, int Z) MaxWorkgroupCount { get; init; }

    /// <summary>Invocations of a workgroup, at most, per axis.</summary>
    public (int X, int Y, int Z) MaxWorkgroupSize { get; init; }

    /// <summary>Bytes of push constants.</summary>
    public int MaxPushConstantBytes { get; init; }

    /// <summary>Bytes one storage buffer binding may cover.</summary>
    public long MaxStorageBufferRange { get; init; }

    /// <summary>Bytes of one buffer, at most.</summary>
    public long MaxBufferSize { get; init; }

    /// <summary>Bytes of one allocation, at most.</summary>
    public long MaxAllocationSize { get; init; }

    /// <summary>The offset of a binding must be a multiple of this.</summary>
    public int StorageBufferOffsetAlignment { get; init; }

    /// <summary>Arithmetic on float16.</summary>
    public bool Float16 { get; init; }

    /// <summary>Arithmetic on 8-bit integers.</summary>
    public bool Int8 { get; init; }

    /// <summary>Arithmetic on 16-bit integers.</summary>
    public bool Int16 { get; init; }

    /// <summary>Arithmetic on 64-bit integers.</summary>
    public bool Int64 { get; init; }

    /// <summary>16-bit types in storage buffers.</summary>
    public bool Storage16 { get; init; }

    /// <summary>8-bit types in storage buffers.</summary>
    public bool Storage8 { get; init; }

    /// <summary>Integer dot product instructions.</summary>
    public bool IntegerDotProduct { get; init; }

    /// <summary>The packed 4×8-bit signed dot product is faster than its emulation.</summary>
    public bool IntegerDotProductAccelerated { get; init; }

    /// <summary>bfloat16 type and dot product (VK_KHR_shader_bfloat16).</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Shaders may follow the addresses of buffers.</summary>
    public bool BufferDeviceAddress { get; init; }

    /// <summary>The Vulkan memory model, with device scope.</summary>
    public bool VulkanMemoryModel { get; init; }

    /// <summary>What one invocation made available or visible, another may pass on (availability and visibility chains).</summary>
    public bool MemoryModelChains { get; init; }

    /// <summary>Shapes of VK_KHR_cooperative_matrix at subgroup scope; empty without the extension.</summary>
    public IReadOnlyList<CooperativeMatrixShape> CooperativeMatrixShapes { get; init; } = [];

    /// <summary>VK_NV_cooperative_matrix2 is there.</summary>
    public bool CooperativeMatrix2Nv { get; init; }

    /// <summary>Nanoseconds of one time stamp tick.</summary>
    public double TimestampPeriodNanoseconds { get; init; }

    /// <summary>The compute queue has time stamps.</summary>
    public bool TimestampsSupported { get; init; }

    /// <summary>Reading a time stamp waits for whatever the queue runs, also for submissions after the one that wrote it.</summary>
    public bool TimestampsWait { get; init; }

    /// <summary>Streaming multiprocessors or compute units; null where the driver does not say.</summary>
    public int? ShaderCoreCount { get; init; }

    /// <summary>Memory heaps.</summary>
    public IReadOnlyList<MemoryHeap> Heaps { get; init; } = [];

    /// <summary>The CPU can write the whole device memory (resizable BAR, integrated and software devices).</summary>
    public bool HostVisibleDeviceLocal { get; init; }

    /// <summary>There is a queue for transfers beside the compute queue.</summary>
    public bool TransferQueue { get; init; }

    /// <summary>The driver tells how much memory is left (VK_EXT_memory_budget).</summary>
    public bool MemoryBudget { get; init; }

    /// <summary>The driver tells registers and spills of pipelines (VK_KHR_pipeline_executable_properties).</summary>
    public bool PipelineExecutableProperties { get; init; }
}
