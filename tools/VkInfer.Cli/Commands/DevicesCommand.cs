using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Output;
using VkInfer.Vulkan;

namespace VkInfer.Cli.Commands;

/// <summary>Lists the Vulkan devices and what they can do.</summary>
internal sealed class DevicesCommand : CliCommand
{
    private readonly Option<bool> _selfTest = new("--self-test")
    {
        Description = "Computes small cases with every kernel on each device and compares them with the CPU; a minute or more.",
    };

    public DevicesCommand(CliConsole console)
        : base("devices", "Lists the Vulkan devices; --device AUTO|INDEX|TYPE|NAME shows the one that it selects.", console) =>
            Options.Add(_selfTest);

    protected override Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        using VulkanInstance instance = VulkanInstance.Create(new VulkanInstanceOptions { Validation = call.Options.Validation });
        bool isSelected = call.Parse.GetResult("--device") is { } given && given.Tokens.Count > 0;
        IReadOnlyList<PhysicalDeviceInfo> devices = isSelected
            ? [instance.Select(DeviceSelector.Parse(call.Options.Device))]
            : instance.Devices;
        if (call.Parse.GetValue(_selfTest))
        {
            SelfTest(call, instance, devices, cancellationToken);
            return Task.CompletedTask;
        }

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

    private void SelfTest(CliCall call, VulkanInstance instance, IReadOnlyList<PhysicalDeviceInfo> devices, CancellationToken cancellation)
    {
        var documents = new List<DeviceTestDocument>();
        foreach (PhysicalDeviceInfo device in devices)
        {
            DeviceTestDocument document = device.UnsupportedReason is { } reason
                ? Document(device, reason, 0, new Dictionary<string, string>(), 0)
                : Document(DeviceSelfTest.Run(instance, device, null, null, cancellation));
            documents.Add(document);
            if (!call.Json)
            {
                Write(document);
            }
        }

        if (call.Json)
        {
            call.WriteJson(new SelfTestDocument(documents), CliJsonContext.Readable.SelfTestDocument);
        }

        if (documents.Find(document => document.Refused is not null && document.Cases > 0) is { } refused)
        {
            throw new CliException(refused.Refused!);
        }
    }

    private void Write(DeviceTestDocument document)
    {
        Console.Out.WriteLine(
            $"{document.Index}  {document.Name}, {document.Driver} {document.DriverVersion}: "
            + (document.Cases == 0
                ? $"cannot be used: {document.Refused}"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{document.Cases} cases in {document.Seconds:F1} s, {(document.LeftOut.Count == 0 ? "all right" : $"{document.LeftOut.Count} forms left out")}")));
        foreach ((string form, string problem) in document.LeftOut.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Console.Out.WriteLine($"   {form}: {problem.ReplaceLineEndings(" ")}");
        }
    }

    private static DeviceTestDocument Document(DeviceSelfTestReport report) =>
        Document(report.Device, report.Refused, report.Cases, report.LeftOut, report.Seconds);

    private static DeviceTestDocument Document(
        PhysicalDeviceInfo device, string? refused, int cases, IReadOnlyDictionary<string, string> leftOut, double seconds) =>
        new(device.Index, device.Name, device.DriverName, device.DriverVersion, refused, cases, leftOut, seconds);

    private static DeviceDocument Describe(PhysicalDeviceInfo device)
    {
        DeviceCapabilities can = device.Capabilities;
        return new DeviceDocument(
            device.Index, device.Name, device.Type.ToString(), device.VendorId, device.DeviceId, device.DriverName, device.DriverVersion,
            device.ApiVersion, device.Uuid, device.UnsupportedReason,
            new CapabilitiesDocument(
                can.SubgroupSize, can.MinSubgroupSize, can.MaxSubgroupSize, can.MaxSharedMemoryBytes, can.MaxWorkgroupInvocations,
                can.MaxStorageBufferRange, can.Float16, can.Int8, can.Storage16, can.Storage8, can.IntegerDotProduct, can.BFloat16,
                [.. can.CooperativeMatrixShapes.Select(
                    shape => $"{shape.M}x{shape.N}x{shape.K} {shape.A}*{shape.B}+{shape.C}={shape.Result}")],
                can.CooperativeMatrix2Nv, can.TimestampsSupported, can.TimestampPeriodNanoseconds, can.ShaderCoreCount,
                [.. can.Heaps.Select(heap => new HeapDocument(heap.Size, heap.DeviceLocal, heap.HostVisible))],
                can.HostVisibleDeviceLocal, can.TransferQueue, can.MemoryBudget));
    }
}
