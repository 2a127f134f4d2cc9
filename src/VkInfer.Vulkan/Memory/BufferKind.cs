namespace VkInfer.Vulkan;

/// <summary>Who reads and writes a buffer, and so where it lives.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum BufferKind
{
    /// <summary>The GPU's own memory.</summary>
    DeviceLocal,

    /// <summary>The CPU writes, the GPU reads: device memory where the CPU can reach it, else system memory.</summary>
    HostWritable,

    /// <summary>The GPU writes, the CPU reads: cached system memory where there is some.</summary>
    HostReadable,

    /// <summary>
    /// System memory that the GPU reads over the bus, for what is large and rarely read; device memory where there is no other.
    /// </summary>
    System,
}
