using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>What a self-test of a device found.</summary>
/// <param name="Device">The device.</param>
/// <param name="Cases">Cases that were run, on this device and driver now or before.</param>
/// <param name="LeftOut">Forms of kernels that compute wrong results, each with what was wrong.</param>
/// <param name="Refused">Why no model can run on the device; null: models can.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record DeviceSelfTestReport(
    PhysicalDeviceInfo Device, int Cases, IReadOnlyDictionary<string, string> LeftOut, string? Refused, double Seconds);

/// <summary>Tests the kernels on a device, without a model.</summary>
internal static class DeviceSelfTest
{
    /// <summary>Tests every form again, whatever was found before.</summary>
    /// <param name="instance">Vulkan.</param>
    /// <param name="device">The device.</param>
    /// <param name="types">The formats of weights; null: all.</param>
    /// <param name="logger">Receives a warning for each form that is left out.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="VulkanException">The device cannot be used, or was lost.</exception>
    public static DeviceSelfTestReport Run(
        VulkanInstance instance, PhysicalDeviceInfo device, IReadOnlyList<WeightType>? types, ILogger? logger,
        CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using GpuDevice gpu = instance.Open(device);
        var context = new KernelContext(gpu);
        var store = SelfTestStore.Of(device, logger);
        store.Clear();
        string? refused = null;
        try
        {
            new ModelSelfTest(context, new EveryCase(types ?? Enum.GetValues<WeightType>()), store, logger).Rest(
                TimeSpan.FromMinutes(10), cancellation);
        }
        catch (DeviceSelfTestException exception)
        {
            refused = exception.Message;
        }

        return new DeviceSelfTestReport(
            device, store.Count, context.Forms.LeftOut, refused, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
