using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class SharedDeviceTests
{
    private const int ErrorDeviceLost = -4;

    // Options of its own: no other test shares with these.
    private static readonly VulkanInstanceOptions Options = new()
    {
        ApplicationName = "shared device tests",
        Validation = GpuFixture.IsValidating,
        CacheFolder = "off",
    };

    [Test]
    public void One_device_is_shared_until_the_last_share_is_given_back()
    {
        SharedDevice first = Open();
        SharedDevice second = Open();
        GpuDevice device = first.Gpu;
        Assert.That(second.Gpu, Is.SameAs(device));
        first.Dispose();
        first.Dispose();
        device.CreateBuffer(64, BufferKind.DeviceLocal, "still open").Dispose();
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.CreateBuffer(64, BufferKind.DeviceLocal, "closed"));
        using SharedDevice again = Open();
        Assert.That(again.Gpu, Is.Not.SameAs(device));
        again.Gpu.CreateBuffer(64, BufferKind.DeviceLocal, "open again").Dispose();
    }

    [Test]
    public void Other_options_are_another_device()
    {
        using SharedDevice first = Open();
        using SharedDevice second = SharedDevice.Open(Options with { ApplicationName = "others" }, GpuFixture.Selector);
        Assert.That(second.Gpu, Is.Not.SameAs(first.Gpu));
    }

    [Test]
    public void A_selector_without_a_device_leaves_nothing_open()
    {
        Assert.Throws<DeviceNotFoundException>(() => SharedDevice.Open(Options, DeviceSelector.Parse("no such device")));
        using SharedDevice after = Open();
        after.Gpu.CreateBuffer(64, BufferKind.DeviceLocal, "usable").Dispose();
    }

    [Test]
    public void A_device_lost_while_idle_is_not_shared_any_more()
    {
        using SharedDevice lost = Open();

        // Nobody has noticed: the next call that reaches the driver would.
        (lost.Gpu.Context.FaultOperation, lost.Gpu.Context.FaultResult) = ("vkQueueSubmit2", ErrorDeviceLost);
        using SharedDevice next = Open();
        Assert.That(next.Gpu, Is.Not.SameAs(lost.Gpu));
        next.Gpu.CreateBuffer(64, BufferKind.DeviceLocal, "usable").Dispose();
        Assert.Throws<DeviceLostException>(() => lost.Gpu.CreateBuffer(64, BufferKind.DeviceLocal, "lost"));
        using SharedDevice third = Open();
        Assert.That(third.Gpu, Is.SameAs(next.Gpu));
    }

    [Test]
    public void Threads_that_open_and_close_at_once_agree_on_one_device()
    {
        using SharedDevice kept = Open();
        Parallel.For(0, 40, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            using SharedDevice share = Open();
            Assert.That(share.Gpu, Is.SameAs(kept.Gpu));
        });
        kept.Gpu.CreateBuffer(64, BufferKind.DeviceLocal, "still open").Dispose();
    }

    private static SharedDevice Open() => SharedDevice.Open(Options, GpuFixture.Selector);
}
