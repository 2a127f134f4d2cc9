using System.Diagnostics;
using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class TimestampTests : GpuTest
{
    [Test]
    public void Timestamps_rise_and_fit_into_the_wall_time()
    {
        Assume.That(Device.Capabilities.TimestampsSupported, "the device has no time stamps");
        const int Stamps = 130; // more than two pools hold
        using GpuBuffer a = Device.CreateBuffer(1 << 20, BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(1 << 20, BufferKind.DeviceLocal, "b");
        using CommandList commands = Device.CreateCommandList("timed");
        commands.Begin();
        commands.Label("timed work");
        commands.Fill(a, 1);
        for (int i = 0; i < Stamps; i++)
        {
            commands.Timestamp($"stamp {i}");
            Probe.Record(commands, Probe.Pipeline(Device), i % 2 == 0 ? a : b, i % 2 == 0 ? b : a, 1);
        }

        commands.End();
        for (int replay = 0; replay < 2; replay++)
        {
            var watch = Stopwatch.StartNew();
            Device.Wait(Device.Submit(commands));
            double wall = watch.Elapsed.TotalMicroseconds;

            IReadOnlyList<(string Label, double Microseconds)> stamps = commands.ReadTimestamps();

            Assert.That(stamps, Has.Count.EqualTo(Stamps));
            Assert.That(stamps[0], Is.EqualTo(("stamp 0", 0.0)));
            Assert.That(stamps.Select(stamp => stamp.Microseconds), Is.Ordered);
            Assert.That(stamps[^1].Label, Is.EqualTo($"stamp {Stamps - 1}"));
            Assert.That(stamps[^1].Microseconds, Is.GreaterThan(0).And.LessThan(wall * 1.1));
        }
    }

    [Test]
    public void Time_stamps_are_none_where_one_is_not_there()
    {
        string[] labels = ["begin", "end"];
        Assert.Multiple(() =>
        {
            Assert.That(TimestampArena.Convert(labels, [(5, 1), (0, 0)], 64, 1000), Is.Empty);
            Assert.That(TimestampArena.Convert(labels, [(0, 0), (7, 1)], 64, 1000), Is.Empty);
            Assert.That(TimestampArena.Convert(labels, [(5, 1), (7, 1)], 64, 1000), Is.EqualTo(new[] { ("begin", 0.0), ("end", 2.0) }));

            // The counter began anew.
            Assert.That(TimestampArena.Convert(labels, [(255, 1), (1, 1)], 8, 500)[1].Microseconds, Is.EqualTo(1));
        });
    }

    [Test]
    public void A_profiled_list_times_each_dispatch_with_what_it_was_said_to_do()
    {
        Assume.That(Device.Capabilities.TimestampsSupported, "the device has no time stamps");
        const int Dispatches = 70; // more than a pool holds the stamps of
        using GpuBuffer a = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "b");
        using CommandList commands = Device.CreateCommandList("profiled");
        Device.ProfilesDispatches = true;
        try
        {
            commands.Record(list =>
            {
                list.Fill(a, 1);
                for (int i = 0; i < Dispatches; i++)
                {
                    if (i == 3)
                    {
                        list.Describe(new DispatchWork("3 x 4", 12, Operations: 24));
                    }

                    Probe.Record(list, Probe.Pipeline(Device), i % 2 == 0 ? a : b, i % 2 == 0 ? b : a, 1);
                }
            });
        }
        finally
        {
            Device.ProfilesDispatches = false;
        }

        Device.Wait(Device.Submit(commands));
        IReadOnlyList<DispatchTime> profile = commands.ReadProfile();
        Assert.Multiple(() =>
        {
            Assert.That(profile, Has.Count.EqualTo(Dispatches));
            Assert.That(profile[3].Work, Is.EqualTo(new DispatchWork("3 x 4", 12, Operations: 24)));
            Assert.That(profile[4].Work, Is.EqualTo(new DispatchWork("", 2 << 16)), "the views' bytes");
            Assert.That(profile.Select(time => time.Name), Is.All.EqualTo(Probe.Pipeline(Device).Name));
            Assert.That(profile.SelectMany(time => new[] { time.Started, time.Ended }), Is.Ordered);
        });
    }

    [Test]
    public void A_list_that_is_not_profiled_has_no_profile()
    {
        using GpuBuffer a = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "a");
        using GpuBuffer b = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "b");
        using CommandList commands = Device.CreateCommandList("not profiled");
        commands.Record(list =>
        {
            list.Fill(a, 1);
            list.Describe(new DispatchWork("without effect"));
            Probe.Record(list, Probe.Pipeline(Device), a, b, 1);
        });
        Device.Wait(Device.Submit(commands));
        Assert.That(commands.ReadProfile(), Is.Empty);
    }
}
