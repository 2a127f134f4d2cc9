using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class DispatchTests : GpuTest
{
    [TestCase(1)]
    [TestCase(111)]
    [TestCase(4096)]
    [TestCase(1 << 20)]
    public void Upload_dispatch_download(int count)
    {
        using GpuBuffer source = Device.CreateBuffer(count * sizeof(uint), BufferKind.DeviceLocal, "source");
        using GpuBuffer destination = Device.CreateBuffer(count * sizeof(uint), BufferKind.DeviceLocal, "destination");
        Probe.Upload(Device, source, Probe.Numbers(count));

        Run(commands => Probe.Record(commands, Probe.Pipeline(Device), source, destination, 7));

        Assert.That(Probe.Download(Device, destination), Is.EqualTo(Probe.Numbers(count, 7)));
    }
}
