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
    public void Read_after_read_needs_no_barrier() => AssertBarriers(0, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _a, _c);
    });

    [Test]
    public void Read_after_write_needs_one() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _b, _c);
    });

    [Test]
    public void Write_after_read_needs_one() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _c, _a);
    });

    [Test]
    public void Write_after_write_needs_one() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b);
        Add(commands, _c, _b);
    });

    [Test]
    public void Neighbouring_ranges_need_none_and_overlapping_ones_do()
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
    public void One_barrier_orders_all_that_came_before() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b.View(0, 512));
        Add(commands, _a, _b.View(512, 512));
        Add(commands, _b.View(0, 512), _c.View(0, 512));
        Add(commands, _b.View(512, 512), _c.View(512, 512));
    });

    [Test]
    public void Copies_and_fills_are_ordered_with_dispatches() => AssertBarriers(3, commands =>
    {
        commands.Fill(_a, 5);
        Add(commands, _a, _b);
        commands.Copy(_b, _c);
        Add(commands, _c, _a);
    });

    [Test]
    public void Copy_after_unrelated_barrier_needs_none() => AssertBarriers(1, commands =>
    {
        Add(commands, _a, _b.View(0, 256));
        Add(commands, _b.View(0, 256), _b.View(256, 256));
        commands.Copy(_a.View(0, 256), _c.View(0, 256));
    });

    [Test]
    public void Long_chain_computes_in_order()
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
    public void What_is_reached_by_address_is_ordered_too()
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
    public void What_is_reached_by_address_must_live()
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
