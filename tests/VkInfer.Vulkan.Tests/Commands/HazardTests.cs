using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class HazardTests : GpuTest
{
    private const int Bytes = 1024;

    private ComputePipeline _pipeline = null!;
    private GpuBuffer _a = null!;
    private GpuBuffer _b = null!;
    private GpuBuffer _c = null!;

    [SetUp]
    public void CreateBuffers()
    {
        _pipeline = Probe.Pipeline(Device);
        _a = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "a");
        _b = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "b");
        _c = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "c");
        Probe.Upload(Device, _a, Probe.Numbers(Bytes / sizeof(uint)));
        Probe.Upload(Device, _b, Probe.Numbers(Bytes / sizeof(uint)));
        Probe.Upload(Device, _c, Probe.Numbers(Bytes / sizeof(uint)));
    }

    [TearDown]
    public void DisposeBuffers()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    [Test]
    public void ReadAfterRead_NeedsNoBarrier() => AssertBarriers(0, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _a, _c);
    });

    [Test]
    public void ReadAfterWrite_NeedsOne() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _b, _c);
    });

    [Test]
    public void WriteAfterRead_NeedsOne() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _c, _a);
    });

    [Test]
    public void WriteAfterWrite_NeedsOne() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _c, _b);
    });

    [Test]
    public void NeighbouringRanges_NeedNone_AndOverlappingOnesDo()
    {
        AssertBarriers(0, commands =>
        {
            Add(commands, _a, _b.View(0, 512));
            Add(commands, _b.View(512, 512), _c);
        });
        AssertBarriers(1, commands =>
        {
            Add(commands, _a, _b.View(0, 528));
            Add(commands, _b.View(512, 512), _c);
        });
    }

    [Test]
    public void OneBarrier_OrdersAllThatCameBefore() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b.View(0, 512));
        Add(commands, _a, _b.View(512, 512));
        Add(commands, _b.View(0, 512), _c.View(0, 512));
        Add(commands, _b.View(512, 512), _c.View(512, 512));
    });

    [Test]
    public void CopiesAndFills_AreOrderedWithDispatches() => AssertBarriers(3, commands =>
    {
        commands.Fill(_a, 5);
        Add(commands, _a, _b);
        commands.Copy(_b, _c);
        Add(commands, _c, _a);
    });

    [Test]
    public void CopyAfterUnrelatedBarrier_NeedsNone() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b.View(0, 256));
        Add(commands, _b.View(0, 256), _b.View(256, 256));
        commands.Copy(_a.View(0, 256), _c.View(0, 256));
    });

    [Test]
    public void LongChain_ComputesInOrder()
    {
        Run(commands =>
        {
            for (int i = 0; i < 100; i++)
            {
                Add(commands, i % 2 == 0 ? _a : _b, i % 2 == 0 ? _b : _a);
            }

            Assert.That(commands.BarrierCount, Is.EqualTo(99));
            Assert.That(commands.DispatchCount, Is.EqualTo(100));
        });
        Assert.That(Probe.Download(Device, _a), Is.EqualTo(Probe.Numbers(Bytes / sizeof(uint), 100)));
    }

    [Test]
    public void WhatIsReachedByAddress_IsOrderedToo()
    {
        AssertBarriers(0, commands =>
        {
            Add(commands, _a, _b.View(0, 512), new AddressedView(_c, BindingAccess.Read));
            Add(commands, _c, _b.View(512, 512));
        });
        AssertBarriers(1, commands =>
        {
            Add(commands, _a, _b, new AddressedView(_c, BindingAccess.Write));
            Add(commands, _c, _a);
        });
        AssertBarriers(1, commands =>
        {
            Add(commands, _a, _b);
            Add(commands, _c, _a, new AddressedView(_b, BindingAccess.Read));
        });
    }

    [Test]
    public void WhatIsReachedByAddress_MustLive()
    {
        using CommandList list = Device.CreateCommandList("addressed");
        GpuBuffer gone = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "gone");
        list.Begin();
        Add(list, _a, _b, new AddressedView(gone, BindingAccess.Read));
        list.End();
        gone.Dispose();
        Assert.That(() => Device.Submit(list), Throws.InstanceOf<ObjectDisposedException>().With.Message.Contain("gone"));
    }

    private static void AssertBarriers(int expected, Action<CommandList> record) => Run(commands =>
    {
        record(commands);
        Assert.That(commands.BarrierCount, Is.EqualTo(expected));
    });

    private void Add(CommandList commands, BufferView source, BufferView destination, params AddressedView[] addressed)
        => Probe.Record(commands, _pipeline, source, destination, 1, addressed);
}
