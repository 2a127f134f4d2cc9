using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Every workaround for a driver, each with the driver, the versions and the symptom. Nothing else may ask which driver it is.
/// </summary>
internal static class Quirks
{
    private static int _anchored;

    /// <summary>Whether an instance that is disposed is to stay, which is so once in a process.</summary>
    /// <remarks>
    /// The loader unloads a driver with the last instance and loads it again with the next. NVIDIA's (580.159) takes something each time
    /// that it does not give back, static thread-local storage by the symptom: after some twenty times vkCreateInstance says
    /// VK_ERROR_INCOMPATIBLE_DRIVER for the rest of the process. One instance that is never destroyed keeps every driver loaded.
    /// </remarks>
    public static bool KeepsInstance() => Interlocked.Exchange(ref _anchored, 1) == 0;

    /// <summary>Corrects what a driver claims and does not keep.</summary>
    public static DeviceCapabilities Apply(DriverIdentity driver, DeviceCapabilities capabilities) => capabilities with
    {
        // lavapipe 22.3.6 says maxBufferSize 4 GiB - 1 with a maxMemoryAllocationSize of 2 GiB: a buffer between the two can be made
        // and never be bound. The smaller one counts; said for every driver, since a buffer here is bound to one allocation.
        MaxBufferSize = Math.Min(capabilities.MaxBufferSize, capabilities.MaxAllocationSize),

        // lavapipe 22.3.6 reads a query under the lock that the queue holds while it runs a submission: vkGetQueryPoolResults for a list
        // that has run took the 170 ms of the next one, which no cancellation can interrupt.
        TimestampsWait = driver.Id == DriverId.MesaLlvmpipe,
    };
}
