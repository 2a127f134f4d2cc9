using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

/// <summary>Recordings that come to nothing, and lists that are submitted once, leave nothing behind.</summary>
public sealed class RecordingTests : GpuTest
{
    private const int Large = 64 << 20;

    [Test]
    public void A_recording_that_throws_leaves_a_list_that_can_be_recorded_again()
    {
        using GpuBuffer buffer = Device.CreateBuffer(64, BufferKind.DeviceLocal, "buffer");
        using CommandList commands = Device.CreateCommandList("abandoned");
        for (int i = 0; i < 3; i++)
        {
            Assert.That(
                Assert.Throws<InvalidDataException>(() => commands.Record(list =>
                {
                    list.Fill(buffer, 1);
                    throw new InvalidDataException("mine");
                }))!.Message,
                Is.EqualTo("mine"));
            Assert.Throws<InvalidOperationException>(() => Device.Submit(commands));
        }

        commands.Record(list => list.Fill(buffer, 7));
        Device.Wait(Device.Submit(commands));
        Assert.That(Probe.Download(Device, buffer), Is.All.EqualTo(7));
    }

    [Test]
    public void A_recording_that_throws_keeps_no_memory()
    {
        using CommandList commands = Device.CreateCommandList("abandoned");
        long before = Device.GetMemoryBudget().AllocatedByThisDevice;
        using (GpuBuffer buffer = Device.CreateBuffer(Large, BufferKind.DeviceLocal, "large"))
        {
            Assert.Throws<InvalidDataException>(() => commands.Record(list =>
            {
                list.Fill(buffer, 1);
                throw new InvalidDataException();
            }));
        }

        Assert.That(Device.GetMemoryBudget().AllocatedByThisDevice, Is.LessThan(before + Large));
    }

    [Test]
    public void A_list_submitted_once_keeps_no_memory_and_is_not_submitted_again()
    {
        using CommandList commands = Device.CreateCommandList("once");
        long before = Device.GetMemoryBudget().AllocatedByThisDevice;
        using (GpuBuffer buffer = Device.CreateBuffer(Large, BufferKind.DeviceLocal, "large"))
        {
            commands.Record(list => list.Fill(buffer, 1));
            Device.SubmitOnce(commands);
            Assert.Throws<InvalidOperationException>(() => Device.Submit(commands));
        }

        Device.Settle();
        Assert.That(Device.GetMemoryBudget().AllocatedByThisDevice, Is.LessThan(before + Large));
        commands.Record(_ => { });
        Device.Wait(Device.Submit(commands));
    }

    [Test]
    public void A_list_and_a_buffer_disposed_inside_the_recording_end_it()
    {
        CommandList commands = Device.CreateCommandList("disposed inside");
        using GpuBuffer kept = Device.CreateBuffer(64, BufferKind.DeviceLocal, "kept");
        GpuBuffer gone = Device.CreateBuffer(64, BufferKind.DeviceLocal, "gone");
        Assert.That(
            Assert.Throws<ObjectDisposedException>(() => commands.Record(list =>
            {
                list.Fill(gone, 1);
                gone.Dispose();
                list.Fill(gone, 2);
            }))!.ObjectName,
            Is.EqualTo("buffer 'gone'"));
        Assert.That(
            Assert.Throws<ObjectDisposedException>(() => commands.Record(list =>
            {
                list.Fill(kept, 1);
                commands.Dispose();
                list.Fill(kept, 2);
            }))!.ObjectName,
            Is.EqualTo("command list 'disposed inside'"));
    }
}
