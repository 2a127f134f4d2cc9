namespace VkInfer.Vulkan;

/// <summary>What kind of device a Vulkan driver drives.</summary>
public enum DeviceType
{
    /// <summary>The driver does not say.</summary>
    Other,

    /// <summary>A GPU that shares the memory of the CPU.</summary>
    Integrated,

    /// <summary>A GPU with memory of its own.</summary>
    Discrete,

    /// <summary>A GPU of a virtual machine.</summary>
    Virtual,

    /// <summary>A driver that runs on the CPU, such as lavapipe.</summary>
    Software,
}
