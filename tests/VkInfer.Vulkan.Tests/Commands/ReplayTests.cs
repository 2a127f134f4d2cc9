using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class ReplayTests : GpuTest
{
    private const int Count = 256;

    [Test]
    public void A_thousand_replays_allocate_nothing_and_run_in_order()
    {
        using GpuBuffer a = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "b");
        Probe.Upload(Device, a, Probe.Numbers(Count));
        using CommandList commands = Device.CreateCommandList("step");
        commands.Begin();
        Probe.Record(commands, Probe.Pipeline(Device), a, b, 1);
        commands.Copy(b, a);
        commands.End();
        uint replays = 0;

        long allocated = Least.Allocated(() =>
        {
            Replay(commands, 1000);
            replays += 1000;
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(Probe.Download(Device, a), Is.EqualTo(Probe.Numbers(Count, replays)));
    }

    [Test]
    public void Several_lists_in_one_submission_run_in_order()
    {
        using GpuBuffer a = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "b");
        Probe.Upload(Device, a, Probe.Numbers(Count));
        using CommandList there = Device.CreateCommandList("there");
        there.Begin();
        Probe.Record(there, Probe.Pipeline(Device), a, b, 1);
        there.End();
        using CommandList back = Device.CreateCommandList("back");
        back.Begin();
        Probe.Record(back, Probe.Pipeline(Device), b, a, 10);
        back.End();

        Submission submission = Device.Submit([there, back, there, back]);
        Device.Wait(submission);

        Assert.That(Device.IsComplete(submission));
        Assert.That(Probe.Download(Device, a), Is.EqualTo(Probe.Numbers(Count, 22)));
    }

    [Test]
    public void Uploads_between_submissions_reach_only_the_later_one()
    {
        using GpuBuffer a = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "a");
        using GpuBuffer first = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "first");
        using GpuBuffer second = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, "second");
        using CommandList one = Device.CreateCommandList("one");
        one.Begin();
        Probe.Record(one, Probe.Pipeline(Device), a, first, 0);
        one.End();
        using CommandList two = Device.CreateCommandList("two");
        two.Begin();
        Probe.Record(two, Probe.Pipeline(Device), a, second, 0);
        two.End();

        Probe.Upload(Device, a, Probe.Numbers(Count));
        Device.Submit(one);
        Probe.Upload(Device, a, Probe.Numbers(Count, 500));
        Device.Submit(two);

        Assert.That(Probe.Download(Device, first), Is.EqualTo(Probe.Numbers(Count)));
        Assert.That(Probe.Download(Device, second), Is.EqualTo(Probe.Numbers(Count, 500)));
    }

    [Test]
    public void Lists_that_are_not_recorded_or_still_running_are_refused()
    {
        using CommandList commands = Device.CreateCommandList("states");
        Assert.Throws<InvalidOperationException>(() => Device.Submit(commands));
        Assert.Throws<InvalidOperationException>(() => commands.End());
        commands.Begin();
        Assert.Throws<InvalidOperationException>(() => commands.Begin());
        Assert.Throws<InvalidOperationException>(() => Device.Submit(commands));
        commands.End();
        Assert.Throws<InvalidOperationException>(() => commands.ReadTimestamps());
    }

    [Test]
    public void Eight_threads_record_and_submit_each_with_its_own_result()
    {
        ComputePipeline pipeline = Probe.Pipeline(Device);
        uint[][] results = new uint[8][];
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            using GpuBuffer a = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, $"a{thread}");
            using GpuBuffer b = Device.CreateBuffer(Count * sizeof(uint), BufferKind.DeviceLocal, $"b{thread}");
            Probe.Upload(Device, a, Probe.Numbers(Count));
            using CommandList commands = Device.CreateCommandList($"thread {thread}");
            commands.Begin();
            Probe.Record(commands, pipeline, a, b, (uint)thread);
            commands.Copy(b, a);
            commands.End();
            Submission last = default;
            for (int i = 0; i < 20; i++)
            {
                last = Device.Submit(commands);
            }

            Device.Wait(last);
            results[thread] = Probe.Download(Device, a);
        });

        for (uint thread = 0; thread < 8; thread++)
        {
            Assert.That(results[thread], Is.EqualTo(Probe.Numbers(Count, 20 * thread)), $"thread {thread}");
        }
    }

    private static void Replay(CommandList commands, int times)
    {
        for (int i = 0; i < times; i++)
        {
            Submission submission = Device.Submit(commands);
            if (i % 4 == 3)
            {
                Device.Wait(submission);
            }
        }
    }
}
