using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

/// <summary>Uploads and downloads through staging memory, which a device without mapped memory takes.</summary>
public sealed class StagingTests : GpuTest
{
    [SetUp]
    public void ForceStaging() => Device.Context.ForceStaging = true;

    [TearDown]
    public void Restore() => Device.Context.ForceStaging = false;

    [Test]
    public void More_than_the_ring_arrives_whole()
    {
        byte[] bytes = new byte[(40 << 20) + 13];
        new Random(3).NextBytes(bytes);
        using GpuBuffer buffer = Device.CreateBuffer(bytes.Length + 5, BufferKind.DeviceLocal, "big");
        Device.Upload(buffer, 5, bytes);
        byte[] back = new byte[bytes.Length];
        Device.Download(buffer, 5, back);
        Assert.That(back.AsSpan().SequenceEqual(bytes));
    }

    [Test]
    public void Many_small_uploads_to_one_range_the_last_one_stays()
    {
        using GpuBuffer buffer = Device.CreateBuffer(64, BufferKind.DeviceLocal, "contended");
        for (uint i = 0; i <= 1000; i++)
        {
            Probe.Upload(Device, buffer, Probe.Numbers(16, i));
        }

        Assert.That(Probe.Download(Device, buffer), Is.EqualTo(Probe.Numbers(16, 1000)));
    }

    [Test]
    public void Uploads_and_submissions_keep_their_order()
    {
        const int Count = 1 << 16;
        using GpuBuffer a = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "b");
        using GpuBuffer sum = Device.CreateBuffer(20 * sizeof(uint) * 64, BufferKind.DeviceLocal, "sum");
        for (int i = 0; i < 20; i++)
        {
            using CommandList commands = Device.CreateCommandList("step");
            commands.Begin();
            Probe.Record(commands, Probe.Pipeline(Device), a, b, 0);
            commands.Copy(b.View(0, 256), sum.View(256 * i, 256));
            commands.End();
            Probe.Upload(Device, a, Probe.Numbers(Count, (uint)i));
            Device.Submit(commands);
        }

        IEnumerable<uint> expected = Enumerable.Range(0, 20).SelectMany(i => Probe.Numbers(64, (uint)i));
        Assert.That(Probe.Download(Device, sum), Is.EqualTo(expected));
    }

    [Test]
    public void Disposed_with_a_staged_upload_is_freed_later()
    {
        for (int i = 0; i < 100; i++)
        {
            using GpuBuffer buffer = Device.CreateBuffer(16 << 20, BufferKind.DeviceLocal, "short-lived");
            Device.Upload(buffer, 0, new byte[1000]);
        }

        Device.FlushUploads();
        Assert.That(Device.GetMemoryBudget().AllocatedByThisDevice, Is.LessThan(1600L << 20));
    }
}
