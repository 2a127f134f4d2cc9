using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

/// <summary>
/// Disposal meets use on other threads: what is told is <see cref="ObjectDisposedException"/>, and nothing crashes or hangs.
/// </summary>
public sealed class DisposalRaceTests : GpuTest
{
    private const int Patience = 60_000;

    [Test]
    public void Lists_and_buffers_disposed_while_another_thread_submits_them()
    {
        for (int round = 0; round < 100; round++)
        {
            GpuBuffer buffer = Device.CreateBuffer(4096, BufferKind.DeviceLocal, "raced");
            CommandList list = Device.CreateCommandList("raced");
            list.Record(commands => commands.Fill(buffer, 1));
            Task<Exception> submitting = Background.UntilItThrows(() => Device.Submit(list));
            Thread.SpinWait(round * 50);
            (round % 2 == 0 ? (GpuResource)list : buffer).Dispose();
            AssertDisposed(submitting);
            list.Dispose();
            buffer.Dispose();
            Device.Settle();
        }
    }

    [Test]
    public void Buffers_disposed_while_another_thread_moves_bytes()
    {
        byte[] bytes = new byte[100_000];
        foreach (BufferKind kind in Enum.GetValues<BufferKind>())
        {
            for (int round = 0; round < 20; round++)
            {
                GpuBuffer buffer = Device.CreateBuffer(bytes.Length, kind, "raced");
                Task<Exception>[] moving =
                [
                    Background.UntilItThrows(() => Device.Upload(buffer, 0, bytes)),
                    Background.UntilItThrows(() => Device.Download(buffer, 0, new byte[100])),
                    .. kind == BufferKind.DeviceLocal
                        ? Array.Empty<Task<Exception>>()
                        : [Background.UntilItThrows(() => buffer.Write<byte>(0, bytes))],
                ];
                Thread.Sleep(round % 4);
                buffer.Dispose();
                Array.ForEach(moving, AssertDisposed);
            }
        }
    }

    [Test]
    public void A_device_disposed_while_other_threads_use_it()
    {
        for (int round = 0; round < 12; round++)
        {
            GpuDevice device = GpuFixture.Instance.Open(GpuFixture.Instance.Select(GpuFixture.Selector));
            ComputePipeline pipeline = Probe.Pipeline(device);
            GpuBuffer a = device.CreateBuffer(4096, BufferKind.DeviceLocal, "a");
            GpuBuffer b = device.CreateBuffer(4096, BufferKind.HostReadable, "b");
            CommandList replayed = device.CreateCommandList("replayed");
            replayed.Record(list => Probe.Record(list, pipeline, a, b, 1));
            CommandList recorded = device.CreateCommandList("recorded");
            Task<Exception>[] users =
            [
                Background.UntilItThrows(() => device.Wait(device.Submit(replayed))),
                Background.UntilItThrows(() =>
                {
                    recorded.Record(list => Probe.Record(list, pipeline, b, a, 1));
                    device.Wait(device.SubmitOnce(recorded));
                }),
                Background.UntilItThrows(() => device.CreateBuffer(1000, BufferKind.DeviceLocal, "short-lived").Dispose()),
                Background.UntilItThrows(() => device.CreateCommandList("short-lived").Dispose()),
                Background.UntilItThrows(() => device.Upload(a, 0, new byte[4096])),
                Background.UntilItThrows(() => b.Read<byte>(0, new byte[4096])),
            ];
            Thread.Sleep(round);
            Parallel.Invoke(device.Dispose, device.Dispose);
            Array.ForEach(users, AssertDisposed);
            replayed.Dispose();
            recorded.Dispose();
            a.Dispose();
            b.Dispose();
            Assert.That((device.LiveBufferCount, device.LiveCommandListCount), Is.EqualTo((0, 0)));
        }
    }

    [Test]
    public void A_device_disposed_inside_a_recording_ends_it()
    {
        GpuDevice device = GpuFixture.Instance.Open(GpuFixture.Instance.Select(GpuFixture.Selector));
        using GpuBuffer buffer = device.CreateBuffer(64, BufferKind.DeviceLocal, "buffer");
        using CommandList commands = device.CreateCommandList("list");
        Assert.Throws<ObjectDisposedException>(() => commands.Record(list =>
        {
            device.Dispose();
            list.Fill(buffer, 1);
        }));
    }

    [Test]
    public void An_instance_disposed_while_a_thread_waits_for_its_device()
    {
        VulkanInstance instance = VulkanInstance.Create();
        GpuDevice device = instance.Open(instance.Select(GpuFixture.Selector));
        using CommandList commands = device.CreateCommandList("list");
        commands.Record(_ => { });
        Task<Exception> waiting = Background.UntilItThrows(() => device.Wait(device.Submit(commands)));
        instance.Dispose();
        AssertDisposed(waiting);
        Assert.Throws<ObjectDisposedException>(() => instance.Open(device.Info));
    }

    private static void AssertDisposed(Task<Exception> user)
    {
        Assert.That(user.Wait(Patience), "A thread hangs.");
        Assert.That(user.Result, Is.TypeOf<ObjectDisposedException>());
    }
}
