namespace VkInfer.Vulkan;

/// <summary>Every workaround for a driver, each with the driver, the versions and the symptom. Nothing else may ask which driver it is.</summary>
internal static class Quirks
{
    /// <summary>Corrects what a driver claims and does not keep.</summary>
    public static DeviceCapabilities Apply(DeviceCapabilities capabilities)
    {
        // lavapipe 22.3.6 says maxBufferSize 4 GiB - 1 with a maxMemoryAllocationSize of 2 GiB: a buffer between the two can be made
        // and never be bound. The smaller one counts; said for every driver, since a buffer here is bound to one allocation.
        return capabilities with { MaxBufferSize = Math.Min(capabilities.MaxBufferSize, capabilities.MaxAllocationSize) };
    }
}
