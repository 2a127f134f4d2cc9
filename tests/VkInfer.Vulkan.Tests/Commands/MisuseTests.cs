using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class MisuseTests : GpuTest
{
    private GpuBuffer _buffer = null!;
    private CommandList _commands = null!;

    [SetUp]
    public void Begin()
    {
        _buffer = Device.CreateBuffer(1024, BufferKind.DeviceLocal, "data");
        _commands = Device.CreateCommandList("misuse");
        _commands.Begin();
    }

    [TearDown]
    public void End()
    {
        _commands.Dispose();
        _buffer.Dispose();
    }

    [Test]
    public void Wrong_bindings_are_refused()
    {
        ComputePipeline pipeline = Probe.Pipeline(Device);
        byte[] push = new byte[8];
        int alignment = Device.Capabilities.StorageBufferOffsetAlignment;
        Assert.Multiple(() =>
        {
            AssertRefused<ArgumentException>("2 bindings and was given 1", () => _commands.Dispatch(pipeline, 1, 1, 1, push, [_buffer]));
            AssertRefused<ArgumentException>("no buffer", () => _commands.Dispatch(pipeline, 1, 1, 1, push, [_buffer, default]));
            AssertRefused<ArgumentException>("no multiple of", () => _commands.Dispatch(
                pipeline, 1, 1, 1, push, [_buffer.View(0, 4), _buffer.View(alignment / 2, 4)]));
            AssertRefused<ArgumentOutOfRangeException>("outside buffer 'data'", () => _commands.Dispatch(
                pipeline, 1, 1, 1, push, [_buffer, new BufferView(_buffer, 1020, 8)]));
            AssertRefused<ArgumentOutOfRangeException>("outside buffer", () => _buffer.View(long.MaxValue, long.MaxValue));
            AssertRefused<ArgumentOutOfRangeException>("outside buffer", () => _buffer.View(-1, 2));
        });
    }

    [Test]
    public void Wrong_push_constants_and_groups_are_refused()
    {
        ComputePipeline pipeline = Probe.Pipeline(Device);
        int most = Device.Capabilities.MaxWorkgroupCount.X;
        Assert.Multiple(() =>
        {
            AssertRefused<ArgumentException>("8 bytes of push constants and was given 4", () => _commands.Dispatch(
                pipeline, 1, 1, 1, new byte[4], [_buffer, _buffer]));
            AssertRefused<ArgumentOutOfRangeException>("0x1x1", () => _commands.Dispatch(
                pipeline, 0, 1, 1, new byte[8], [_buffer, _buffer]));
            if (most < int.MaxValue)
            {
                AssertRefused<ArgumentOutOfRangeException>("workgroups", () => _commands.Dispatch(
                    pipeline, (uint)most + 1, 1, 1, new byte[8], [_buffer, _buffer]));
            }
        });
    }

    [Test]
    public void Wrong_copies_and_fills_are_refused() => Assert.Multiple(() =>
    {
        AssertRefused<ArgumentException>("overlap", () => _commands.Copy(_buffer.View(0, 16), _buffer.View(8, 16)));
        AssertRefused<ArgumentException>("reads 16", () => _commands.Copy(_buffer.View(0, 16), _buffer.View(64, 32)));
        AssertRefused<ArgumentException>("multiples of four", () => _commands.Fill(_buffer.View(2, 4), 0));
        AssertRefused<ArgumentException>("multiples of four", () => _commands.Fill(_buffer.View(0, 6), 0));
    });

    [Test]
    public void Device_local_buffers_are_not_mapped()
        => AssertRefused<InvalidOperationException>("Upload and Download", () => _buffer.Write<uint>(0, [1]));

    [Test]
    public void Mapped_buffers_keep_to_their_range()
    {
        using GpuBuffer host = Device.CreateBuffer(6, BufferKind.HostWritable, "host");
        host.Write<ushort>(2, [7, 8]);
        ushort[] read = new ushort[2];
        host.Read<ushort>(2, read);
        Assert.That(read, Is.EqualTo(new ushort[] { 7, 8 }));
        Assert.That(host.MappedSpan.Length, Is.EqualTo(6));
        AssertRefused<ArgumentOutOfRangeException>("outside buffer 'host'", () => host.Write<uint>(4, [1]));
    }

    [Test]
    public void Foreign_objects_are_refused()
    {
        using GpuDevice other = GpuFixture.Instance.Open(GpuFixture.Instance.Select(GpuFixture.Selector));
        using GpuBuffer foreign = other.CreateBuffer(1024, BufferKind.DeviceLocal, "foreign");
        Assert.Multiple(() =>
        {
            AssertRefused<ArgumentException>("another device", () => _commands.Fill(foreign, 0));
            AssertRefused<ArgumentException>("another device", () => Device.Upload(foreign, 0, new byte[4]));
            AssertRefused<ArgumentException>("another device", () => _commands.Dispatch(
                Probe.Pipeline(other), 1, 1, 1, new byte[8], [_buffer, _buffer]));
            AssertRefused<ArgumentOutOfRangeException>("not of this device", () => other.Wait(new Submission(1)));
        });
    }

    private static void AssertRefused<TException>(string part, Action action)
        where TException : Exception
        => Assert.That(Assert.Throws<TException>(action)!.Message, Does.Contain(part));
}
