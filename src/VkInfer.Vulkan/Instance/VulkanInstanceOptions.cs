namespace VkInfer.Vulkan;

/// <summary>How Vulkan is started.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record VulkanInstanceOptions
{
    /// <summary>Turns the Khronos validation layer on, with synchronization validation. Slow; for tests and debugging.</summary>
    public bool Validation { get; init; }

    /// <summary>Name under which drivers and tools see the program.</summary>
    public string ApplicationName { get; init; } = "VkInfer";

    /// <summary>Called with each validation message, from whatever thread Vulkan reports on. Must not throw.</summary>
    public Action<string>? OnValidationMessage { get; init; }

    /// <summary>
    /// Folder of the pipeline caches. Null: the environment variable <c>VKINFER_CACHE</c>, else the user's cache folder
    /// (see <see cref="GpuCacheFolder"/>). <c>off</c>: no cache on disk.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>Asks drivers to keep compiler statistics (<see cref="ComputePipeline.GetStatistics"/>). Slows pipeline creation.</summary>
    public bool PipelineStatistics { get; init; }

    /// <summary>
    /// What tests let be seen of the devices; null: what the environment variable VKINFER_DEVICE_PROFILE names, else everything.
    /// </summary>
    internal DeviceProfile? Profile { get; init; }
}
