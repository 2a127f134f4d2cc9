using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class LifetimeTests : GpuTest
{
    [Test]
    public void Disposed_in_flight_the_work_still_completes_and_the_memory_returns()
    {
        const int Bytes = 64 << 20;
        using GpuBuffer result = Device.CreateBuffer(4096, BufferKind.DeviceLocal, "result");
        long before = Device.GetMemoryBudget().AllocatedByThisDevice;
        for (int i = 0; i < 20; i++)
        {
            using GpuBuffer large = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "large");
            using CommandList commands = Device.CreateCommandList("in flight");
            commands.Begin();
            commands.Fill(large, (uint)i);
            Probe.Record(commands, Probe.Pipeline(Device), large.View(Bytes - 4096, 4096), result, 1);
            commands.End();
            Device.Submit(commands);
        }

        Assert.That(Probe.Download(Device, result), Is.All.EqualTo(20));
        Assert.That(Device.GetMemoryBudget().AllocatedByThisDevice, Is.LessThan(before + Bytes));
    }

    [Test]
    public void Use_after_dispose_Throws()
    {
        GpuBuffer buffer = Device.CreateBuffer(64, BufferKind.HostWritable, "gone");
        CommandList commands = Device.CreateCommandList("gone list");
        commands.Begin();
        commands.Fill(buffer, 0);
        commands.End();
        buffer.Dispose();
        buffer.Dispose();
        Assert.Multiple(() =>
        {
            Assert.Throws<ObjectDisposedException>(() => buffer.Write<uint>(0, [1]));
            Assert.Throws<ObjectDisposedException>(() => _ = buffer.View(0, 4));
            Assert.Throws<ObjectDisposedException>(() => Device.Upload(buffer, 0, new byte[4]));
            Assert.Throws<ObjectDisposedException>(() => Device.Download(buffer, 0, new byte[4]));
            Assert.That(
                Assert.Throws<ObjectDisposedException>(() => Device.Submit(commands))!.ObjectName, Is.EqualTo("buffer 'gone'"));
        });
        commands.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Device.Submit(commands));
        Assert.Throws<ObjectDisposedException>(() => commands.Begin());
    }

    [Test]
    public void Live_counts_follow_the_owners()
    {
        (int count, long bytes) = (Device.LiveBufferCount, Device.LiveBufferBytes);
        using (Device.CreateBuffer(1000, BufferKind.HostReadable, "counted"))
        {
            Assert.That((Device.LiveBufferCount, Device.LiveBufferBytes), Is.EqualTo((count + 1, bytes + 1000)));
        }

        Assert.That((Device.LiveBufferCount, Device.LiveBufferBytes), Is.EqualTo((count, bytes)));
    }

    [Test]
    public void Thousands_of_buffers_share_blocks_and_none_overlaps()
    {
        var buffers = new List<GpuBuffer>();
        var random = new Random(1);
        for (int i = 0; i < 2000; i++)
        {
            buffers.Add(Device.CreateBuffer(random.Next(1, 5000), BufferKind.HostWritable, "small"));
            buffers[^1].MappedSpan.Fill((byte)i);
            if (random.Next(3) == 0)
            {
                int victim = random.Next(buffers.Count);
                buffers[victim].Dispose();
                buffers[victim] = Device.CreateBuffer(random.Next(1, 5000), BufferKind.HostWritable, "replacement");
                buffers[victim].MappedSpan.Fill((byte)victim);
            }
        }

        for (int i = 0; i < buffers.Count; i++)
        {
            Assert.That(buffers[i].MappedSpan.IndexOfAnyExcept((byte)i), Is.EqualTo(-1), $"buffer {i}");
            buffers[i].Dispose();
        }
    }

    [Test]
    public void More_than_the_heap_is_out_of_device_memory()
    {
        long heap = Device.Capabilities.Heaps.Max(memory => memory.Size);
        OutOfDeviceMemoryException exception = Assert.Throws<OutOfDeviceMemoryException>(
            () => Device.CreateBuffer(heap + 1, BufferKind.DeviceLocal, "whale"))!;
        Assert.That(exception.RequestedBytes, Is.EqualTo(heap + 1));
        Assert.That(exception.AvailableBytes, Is.InRange(1, heap));
        Assert.That(exception.Message, Does.Contain("whale"));
    }

    [Test]
    public void Filling_the_heap_ends_in_a_typed_error_and_disposing_makes_room()
    {
        if (Device.Info.Type != DeviceType.Software)
        {
            Assert.Ignore("Fills the heap, which other programs of a GPU share.");
        }

        long chunk = Math.Min(Device.Capabilities.MaxBufferSize, Device.GetMemoryBudget().Total / 4);
        var buffers = new List<GpuBuffer>();
        try
        {
            Assert.Throws<OutOfDeviceMemoryException>(() =>
            {
                for (int i = 0; i < 5; i++)
                {
                    buffers.Add(Device.CreateBuffer(chunk, BufferKind.DeviceLocal, "filler"));
                }
            });
            buffers[0].Dispose();
            buffers[0] = Device.CreateBuffer(chunk, BufferKind.DeviceLocal, "room again");
        }
        finally
        {
            buffers.ForEach(buffer => buffer.Dispose());
        }
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(long.MinValue)]
    public void Sizes_that_are_none_are_refused(long size)
        => Assert.Throws<ArgumentOutOfRangeException>(() => Device.CreateBuffer(size, BufferKind.DeviceLocal, "none"));

    [Test]
    public void More_than_one_buffer_may_have_is_refused_with_the_limit()
    {
        long limit = Device.Capabilities.MaxBufferSize;
        if (limit >= Device.Capabilities.Heaps.Max(heap => heap.Size))
        {
            Assert.Ignore("This device allows a buffer of its whole memory.");
        }

        Assert.That(
            Assert.Throws<ArgumentOutOfRangeException>(() => Device.CreateBuffer(limit + 1, BufferKind.DeviceLocal, "wide"))!.Message,
            Does.Contain($"{limit}"));
    }
}
