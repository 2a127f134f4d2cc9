using System.Globalization;
using VkInfer.Cli.Output;
using VkInfer.Vulkan;

namespace VkInfer.Cli.Commands;

/// <summary>Lists the Vulkan devices and what they can do.</summary>
internal sealed class DevicesCommand(CliConsole console)
    : CliCommand("devices", "Lists the Vulkan devices; --device AUTO|INDEX|TYPE|NAME shows the one that it selects.", console)
{
    protected override Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        using VulkanInstance instance = VulkanInstance.Create(new VulkanInstanceOptions { Validation = call.Options.Validation });
        bool isSelected = call.Parse.GetResult("--device") is { } given && given.Tokens.Count > 0;
        IReadOnlyList<PhysicalDeviceInfo> devices = isSelected
            ? [instance.Select(DeviceSelector.Parse(call.Options.Device))]
            : instance.Devices;
        if (call.Json)
        {
            call.WriteJson(new DevicesDocument([.. devices.Select(Describe)]), CliJsonContext.Readable.DevicesDocument);
            return Task.CompletedTask;
        }

        var table = new TextTable(" index", "name", "type", "driver", "Vulkan", " memory GiB", " subgroup", "matrix units");
        foreach (PhysicalDeviceInfo device in devices)
        {
            DeviceCapabilities can = device.Capabilities;
            double gibibytes = can.Heaps.Where(heap => heap.DeviceLocal).Sum(heap => heap.Size) / (double)(1L << 30);
            table.Add(
                device.Index.ToString(CultureInfo.InvariantCulture), device.Name,
                device.UnsupportedReason is { } reason ? $"{device.Type} (cannot be used: {reason})" : device.Type.ToString(),
                $"{device.DriverName} {device.DriverVersion}", device.ApiVersion, gibibytes.ToString("F1", CultureInfo.InvariantCulture),
                can.SubgroupSize.ToString(CultureInfo.InvariantCulture), can.CooperativeMatrixShapes.Count > 0 ? "yes" : "no");
        }

        table.Write(Console.Out);
        return Task.CompletedTask;
    }

    private static DeviceDocument Describe(PhysicalDeviceInfo device)
    {
        DeviceCapabilities can = device.Capabilities;
        return new DeviceDocument(
            device.Index, device.Name, device.Type.ToString(), device.VendorId, device.DeviceId, device.DriverName, device.DriverVersion,
            device.ApiVersion, device.Uuid, device.UnsupportedReason,
            new CapabilitiesDocument(
                can.SubgroupSize, can.MinSubgroupSize, can.MaxSubgroupSize, can.MaxSharedMemoryBytes, can.MaxWorkgroupInvocations,
                can.MaxStorageBufferRange, can.Float16, can.Int8, can.Storage16, can.Storage8, can.IntegerDotProduct, can.BFloat16,
                [.. can.CooperativeMatrixShapes.Select(shape => $"{shape.M}x{shape.N}x{shape.K} {shape.A}*{shape.B}+{shape.C}={shape.Result}")],
                can.CooperativeMatrix2Nv, can.TimestampsSupported, can.TimestampPeriodNanoseconds, can.ShaderCoreCount,
                [.. can.Heaps.Select(heap => new HeapDocument(heap.Size, heap.DeviceLocal, heap.HostVisible))],
                can.HostVisibleDeviceLocal, can.TransferQueue, can.MemoryBudget));
    }
}
