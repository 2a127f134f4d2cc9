using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class DeviceLossTests : GpuTest
{
    private const int ErrorDeviceLost = -4;

    [TestCase("vkQueueSubmit2")]
    [TestCase("vkWaitSemaphores")]
    public void A_lost_device_refuses_work_and_the_process_lives_on(string operation)
    {
        VulkanInstance instance = GpuFixture.Instance;
        PhysicalDeviceInfo info = instance.Select(GpuFixture.Selector);
        using (GpuDevice device = instance.Open(info))
        {
            using GpuBuffer a = device.CreateBuffer(1024, BufferKind.DeviceLocal, "a");
            using GpuBuffer b = device.CreateBuffer(1024, BufferKind.DeviceLocal, "b");
            using CommandList commands = device.CreateCommandList("doomed");
            commands.Begin();
            for (int i = 0; i < 50; i++)
            {
                Probe.Record(commands, Probe.Pipeline(device), a, b, 1);
            }

            commands.End();
            (device.Context.FaultOperation, device.Context.FaultResult) = (operation, ErrorDeviceLost);

            DeviceLostException exception = Assert.Throws<DeviceLostException>(() => device.Wait(SubmitMany(device, commands)))!;

            Assert.That(exception.ResultCode, Is.EqualTo(ErrorDeviceLost));
            Assert.That(exception.Operation, Is.EqualTo(operation));
            Assert.Throws<DeviceLostException>(() => device.Submit(commands));
            Assert.Throws<DeviceLostException>(() => device.Upload(a, 0, new byte[4]));
            Assert.Throws<DeviceLostException>(() => device.Download(a, 0, new byte[4]));
            Assert.Throws<DeviceLostException>(() => device.CreateBuffer(4, BufferKind.DeviceLocal, "late"));
            Assert.Throws<DeviceLostException>(() => device.Wait(default));
        }

        using GpuDevice again = instance.Open(info);
        using GpuBuffer buffer = again.CreateBuffer(4, BufferKind.DeviceLocal, "after");
        again.Upload(buffer, 0, [1, 2, 3, 4]);
        byte[] back = new byte[4];
        again.Download(buffer, 0, back);
        Assert.That(back, Is.EqualTo(new byte[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void Any_other_failure_names_the_result_and_the_operation()
    {
        using GpuDevice device = GpuFixture.Instance.Open(GpuFixture.Instance.Select(GpuFixture.Selector));
        using CommandList commands = device.CreateCommandList("unlucky");
        (device.Context.FaultOperation, device.Context.FaultResult) = ("vkResetCommandPool", -13);
        VulkanException exception = Assert.Throws<VulkanException>(() => commands.Begin())!;
        Assert.That(exception.ResultName, Is.EqualTo("ErrorUnknown"));
        Assert.That(exception.Operation, Is.EqualTo("vkResetCommandPool"));
        commands.Begin();
        commands.End();
        device.Wait(device.Submit(commands));
    }

    [Test]
    public void Disposing_the_device_first_leaves_disposable_handles()
    {
        GpuDevice device = GpuFixture.Instance.Open(GpuFixture.Instance.Select(GpuFixture.Selector));
        GpuBuffer buffer = device.CreateBuffer(1024, BufferKind.HostWritable, "orphan");
        CommandList commands = device.CreateCommandList("orphan list");
        commands.Begin();
        commands.Fill(buffer, 1);
        commands.End();
        device.Submit(commands);
        device.Dispose();
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Write<uint>(0, [1]));
        Assert.Throws<ObjectDisposedException>(() => device.Submit(commands));
        commands.Dispose();
        buffer.Dispose();
    }

    // More than the driver runs before Wait is called, so that the wait is a real one.
    private static Submission SubmitMany(GpuDevice device, CommandList commands)
    {
        Submission last = default;
        for (int i = 0; i < 200; i++)
        {
            last = device.Submit(commands);
        }

        return last;
    }
}
