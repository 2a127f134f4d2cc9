using System.Diagnostics;
using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class WaitTests : GpuTest
{
    [Test]
    public void Cancelling_a_wait_returns_soon_and_the_work_completes()
    {
        const int Bytes = 8 << 20;
        const int Rounds = 400;
        using GpuBuffer a = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(Bytes, BufferKind.DeviceLocal, "b");
        using CommandList commands = Device.CreateCommandList("long");
        commands.Begin();
        commands.Fill(a, 0);
        for (int i = 0; i < Rounds; i++)
        {
            Probe.Record(commands, Probe.Pipeline(Device), i % 2 == 0 ? a : b, i % 2 == 0 ? b : a, 1);
        }

        commands.End();
        bool cancelled = false;
        var longest = TimeSpan.FromMilliseconds(250);
        TimeSpan soonest = Least.Time(longest, () =>
        {
            Submission submission = Device.Submit(commands);
            using var cancellation = new CancellationTokenSource(20);
            long started = Stopwatch.GetTimestamp();
            try
            {
                Device.Wait(submission, cancellation.Token);
                Assert.That(Device.IsComplete(submission), "The wait returned before either happened.");
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
            }

            TimeSpan took = Stopwatch.GetElapsedTime(started);
            Device.Wait(submission);
            Assert.That(Device.IsComplete(submission));
            return took;
        });
        Assert.That(soonest, Is.LessThan(longest));

        byte[] word = new byte[4];
        Device.Download(a, Bytes - 4, word);
        Assert.That(BitConverter.ToInt32(word), Is.EqualTo(Rounds));
        if (!cancelled)
        {
            Assert.Ignore("The device finished before the cancellation.");
        }
    }

    [Test]
    public void A_cancelled_token_stops_the_wait_at_once()
        => Assert.Catch<OperationCanceledException>(() => Device.Wait(default, new CancellationToken(canceled: true)));

    [Test]
    public void The_default_submission_has_completed()
    {
        Assert.That(Device.IsComplete(default));
        Device.Wait(default);
    }
}
