using System.Diagnostics;
using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class TimestampTests : GpuTest
{
    [Test]
    public void Timestamps_RiseAndFitIntoTheWallTime()
    {
        Assume.That(Device.Capabilities.TimestampsSupported, "the device has no time stamps");
        const int Stamps = 130; // more than two pools hold
        using var a = Device.CreateBuffer(1 << 20, BufferKind.DeviceLocal, "a");
        using var b = Device.CreateBuffer(1 << 20, BufferKind.DeviceLocal, "b");
        using var commands = Device.CreateCommandList("timed");
        commands.Begin();
        commands.Label("timed work");
        commands.Fill(a, 1);
        for (var i = 0; i < Stamps; i++)
        {
            commands.Timestamp($"stamp {i}");
            Probe.Record(commands, Probe.Pipeline(Device), i % 2 == 0 ? a : b, i % 2 == 0 ? b : a, 1);
        }

        commands.End();
        for (var replay = 0; replay < 2; replay++)
        {
            var watch = Stopwatch.StartNew();
            Device.Wait(Device.Submit(commands));
            var wall = watch.Elapsed.TotalMicroseconds;

            var stamps = commands.ReadTimestamps();

            Assert.That(stamps, Has.Count.EqualTo(Stamps));
            Assert.That(stamps[0], Is.EqualTo(("stamp 0", 0.0)));
            Assert.That(stamps.Select(stamp => stamp.Microseconds), Is.Ordered);
            Assert.That(stamps[^1].Label, Is.EqualTo($"stamp {Stamps - 1}"));
            Assert.That(stamps[^1].Microseconds, Is.GreaterThan(0).And.LessThan(wall * 1.1));
        }
    }
}
