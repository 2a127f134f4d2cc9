using System.Diagnostics;
using VkInfer.Tests.Hostile;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Embedded;

/// <summary>Models and sessions come and go, loading succeeds or not, and memory stays where it was.</summary>
[NonParallelizable]
public sealed class LifetimeTests
{
    private const long Mebibyte = 1 << 20;

    private static ModelOptions Options => new() { Device = TestModels.Device, ContextLength = 128, PrefillChunk = 64 };

    [Test]
    [Category("Long")]
    public void A_hundred_and_fifty_models_leave_memory_where_it_was() =>
        AssertSteady(50, 100, () => Model.LoadDefault(Options).Dispose());

    [Test]
    [Category("Release")]
    public void A_thousand_models_leave_memory_where_it_was() =>
        AssertSteady(50, 950, () => Model.LoadDefault(Options).Dispose());

    [Test]
    public void A_thousand_sessions_leave_memory_where_it_was()
    {
        using Model model = Model.LoadDefault(Options);
        model.CreateSession().Dispose();
        (int, int) before = (model.Gpu.LiveBufferCount, model.Gpu.LiveCommandListCount);
        AssertSteady(50, 950, () => model.CreateSession().Dispose());
        Assert.That((model.Gpu.LiveBufferCount, model.Gpu.LiveCommandListCount), Is.EqualTo(before));
    }

    [Test]
    public void Loading_that_is_cancelled_midway_leaves_nothing() => AssertSteady(20, 100, () =>
    {
        using var cancel = new CancellationTokenSource();
        var midway = new Reports(progress =>
        {
            if (progress.BytesDone > progress.BytesTotal / 2)
            {
                cancel.Cancel();
            }
        });
        Assert.That(() => Model.LoadDefault(Options, midway, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(midway.Last.BytesDone, Is.LessThan(midway.Last.BytesTotal));
    });

    [Test]
    public void A_progress_that_throws_ends_loading_with_its_exception() => AssertSteady(5, 20, () =>
        Assert.That(
            () => Model.LoadDefault(Options, new Reports(_ => throw new InvalidDataException("mine"))),
            Throws.TypeOf<InvalidDataException>().With.Message.EqualTo("mine")));

    [Test]
    public void A_model_bigger_than_the_memory_is_refused_before_upload()
    {
        const int Context = 1 << 23;
        var huge = new TinyLlama();
        huge.Metadata["llama.context_length"] = (uint)Context;
        huge.Metadata["llama.attention.head_count"] = 64u;
        huge.Metadata["llama.attention.head_count_kv"] = 64u;
        huge.Metadata["llama.attention.key_length"] = 512u;
        foreach (string name in new[] { "attn_q", "attn_k", "attn_v" })
        {
            huge.Set($"blk.0.{name}.weight", 32, 64 * 512);
        }

        huge.Set("blk.0.attn_output.weight", 64 * 512, 32);
        using var file = new TemporaryFile(huge.ToArray());
        ModelOptions options = Options with { ContextLength = Context };
        MemoryRequirements needed = ModelInspection.Inspect(file.Path, options).Memory!;
        Assert.That(needed.KvCacheBytes, Is.EqualTo(2L * 64 * 512 * Context * 2));

        var reports = new Reports(_ => { });
        OutOfDeviceMemoryException? thrown = Assert.Throws<OutOfDeviceMemoryException>(() => Model.Load(file.Path, options, reports));
        Assert.That(reports.Count, Is.Zero, "nothing was uploaded");
        Assert.That(thrown!.RequestedBytes, Is.GreaterThan(needed.KvCacheBytes));
        Assert.That(thrown.AvailableBytes, Is.GreaterThan(0).And.LessThan(thrown.RequestedBytes));
        Assert.That(thrown.Message, Does.Contain($"{thrown.RequestedBytes}").And.Contain($"{thrown.AvailableBytes}").And.Not.Contain("\n"));
    }

    /// <summary>Compares memory after a warm-up with memory after many cycles more: less than a buffer of the model may be added.</summary>
    private static void AssertSteady(int warmUp, int cycles, Action cycle)
    {
        Repeat(warmUp, cycle);
        (long heap, long resident, string growth) = (long.MaxValue, long.MaxValue, "");

        // Threads and heaps grow once when the machine is busy; a leak does each time.
        for (int i = 0; i < 3 && (heap >= Mebibyte / 2 || resident >= 24 * Mebibyte); i++)
        {
            (long heapBefore, long residentBefore) = Memory();
            long started = Stopwatch.GetTimestamp();
            Repeat(cycles, cycle);
            double milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds / cycles;
            (long heapAfter, long residentAfter) = Memory();
            (heap, resident) = (heapAfter - heapBefore, residentAfter - residentBefore);
            growth = $"{milliseconds:F1} ms a cycle; managed heap {heap / 1024} KiB, working set {resident / 1024} KiB more";
            TestContext.Out.WriteLine(growth);
        }

        Assert.That(heap, Is.LessThan(Mebibyte / 2), growth);
        Assert.That(resident, Is.LessThan(24 * Mebibyte), growth);
    }

    private static void Repeat(int count, Action action)
    {
        for (int i = 0; i < count; i++)
        {
            action();
        }
    }

    private static (long Heap, long Resident) Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64);
    }

    private sealed class Reports(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public int Count { get; private set; }

        public LoadProgress Last { get; private set; }

        public void Report(LoadProgress value)
        {
            Count++;
            Last = value;
            report(value);
        }
    }
}
