using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using VkInfer.Vulkan;

namespace VkInfer.Engine;

/// <summary>
/// The engines' instruments, on a meter named <c>VkInfer</c>. All but one are asked for when somebody collects them, so that engines do
/// nothing for them; the time of a step is recorded only where somebody listens. Thread-safe.
/// </summary>
internal static class EngineMeter
{
    private const string Model = "gen_ai.request.model";
    private const string Token = "{token}";

    private static readonly Meter Meter = new("VkInfer");
    private static readonly ConcurrentDictionary<EngineCounts, (GpuDevice Device, Lifetime Lifetime)> Engines = [];

    private static readonly Histogram<double> StepDuration = Meter.CreateHistogram(
        "vkinfer.engine.step.duration", "s", "Time of a step on the device, from the end of the one before where that was later", null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024],
        });

    static EngineMeter()
    {
        Level("vkinfer.engine.requests.waiting", "{request}", "Sequences that wait for pages or a place", counts => counts.Waiting);
        Level("vkinfer.engine.requests.running", "{request}", "Sequences that take part in steps", counts => counts.Running);
        Meter.CreateObservableUpDownCounter("vkinfer.engine.kv.pages", Pages, "{page}", "Pages of keys and values");
        Total("vkinfer.engine.prompt.tokens", Token, "Tokens before answers", counts => counts.PromptTokens);
        Total(
            "vkinfer.engine.prefix.tokens", Token, "Tokens before answers whose keys and values were there already",
            counts => counts.CachedTokens);
        Total("vkinfer.engine.preemptions", "{preemption}", "Sequences that gave their pages to others", counts => counts.Preemptions);
        Total("vkinfer.engine.steps", "{step}", "Steps that were submitted", counts => counts.Steps);
        Total("vkinfer.engine.rows", "{row}", "Rows of steps: tokens that were processed", counts => counts.Rows);
        Meter.CreateObservableUpDownCounter(
            "vkinfer.device.memory.allocated", () => Memory(budget => budget.AllocatedByThisDevice), "By", "Device memory taken here");
        Meter.CreateObservableUpDownCounter(
            "vkinfer.device.memory.available", () => Memory(budget => budget.Available), "By", "Device memory that is left");
    }

    /// <summary>Measures an engine until it ends.</summary>
    /// <param name="counts">What it counts.</param>
    /// <param name="device">Its device.</param>
    /// <param name="lifetime">The engine's; the device outlives it.</param>
    public static void Add(EngineCounts counts, GpuDevice device, Lifetime lifetime)
    {
        Engines[counts] = (device, lifetime);
        lifetime.Closing.UnsafeRegister(static counts => Engines.TryRemove((EngineCounts)counts!, out _), counts);
    }

    /// <summary>A step has ended.</summary>
    public static void RecordStep(EngineCounts counts, TimeSpan time)
    {
        if (StepDuration.Enabled)
        {
            StepDuration.Record(time.TotalSeconds, new KeyValuePair<string, object?>(Model, counts.Model));
        }
    }

    private static void Level(string name, string unit, string description, Func<EngineCounts, int> read) =>
        Meter.CreateObservableUpDownCounter(name, () => Engines.Keys.Select(counts => Measure(counts, read(counts))), unit, description);

    private static void Total(string name, string unit, string description, Func<EngineCounts, long> read) =>
        Meter.CreateObservableCounter(name, () => Engines.Keys.Select(counts => Measure(counts, read(counts))), unit, description);

    private static Measurement<T> Measure<T>(EngineCounts counts, T value)
        where T : struct => new(value, new KeyValuePair<string, object?>(Model, counts.Model));

    private static IEnumerable<Measurement<int>> Pages()
    {
        foreach (EngineCounts counts in Engines.Keys)
        {
            yield return Of(counts.HeldPages, "held");
            yield return Of(counts.CachedPages, "cached");
            yield return Of(counts.FreePages, "free");

            Measurement<int> Of(int pages, string state) =>
                new(pages, new KeyValuePair<string, object?>(Model, counts.Model), new("vkinfer.page.state", state));
        }
    }

    /// <summary>For each device once, however many engines it has.</summary>
    private static IEnumerable<Measurement<long>> Memory(Func<MemoryBudget, long> read)
    {
        foreach ((GpuDevice device, Lifetime lifetime) in Engines.Values.DistinctBy(engine => engine.Device))
        {
            if (!lifetime.TryEnter())
            {
                continue;
            }

            Measurement<long> measurement;
            try
            {
                measurement = new(
                    read(device.GetMemoryBudget()), new KeyValuePair<string, object?>("vkinfer.device.name", device.Info.Name));
            }
            catch (DeviceLostException)
            {
                continue;
            }
            finally
            {
                lifetime.Exit();
            }

            yield return measurement;
        }
    }
}
