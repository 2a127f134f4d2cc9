using System.Diagnostics;
using Microsoft.Extensions.Logging;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// Tests the forms of kernels that a model takes, on its device: each form once for a driver and a shader, a small case against the CPU.
/// One that fails is left out, with a warning, and another takes its place.
/// </summary>
internal sealed class ModelSelfTest(KernelContext context, ISelfTestCases cases, SelfTestStore store, ILogger? logger)
{
    /// <summary>
    /// What a test may take before the first token, beside making the pipelines that the first tokens need anyway: what is not done by then
    /// is done later.
    /// </summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(0.3);

    // Watchdogs of drivers end what takes some seconds; a processor has none, and may be busy with other things.
    private TimeSpan Timeout => TimeSpan.FromSeconds(context.Device.Info.Type == DeviceType.Software ? 600 : 10);

    /// <summary>The test of a model on its device.</summary>
    public static ModelSelfTest Create(KernelContext context, ISelfTestCases cases, ModelOptions options)
    {
        PhysicalDeviceInfo device = context.Device.Info;
        return new ModelSelfTest(
            context, cases, options.ReplaceShader is null ? SelfTestStore.Of(device, options.Logger) : SelfTestStore.Forgetful(device),
            options.Logger);
    }

    /// <summary>Tests what the first tokens take.</summary>
    /// <param name="budget">When this is spent, beside what it takes to make pipelines, no further case is begun.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="DeviceSelfTestException">No form is left of some kernel.</exception>
    public void BeforeFirstToken(TimeSpan budget, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        int count = Run(cases.First, budget, countsPipelines: false, cancellation);
        logger?.LogInformation(
            "{Device}: self-test of {Count} cases in {Milliseconds:F1} ms", context.Device.Info.Name, count,
            Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>Tests what a session takes whose keys and values have a type of their own, before its first token.</summary>
    /// <param name="type">The type.</param>
    /// <param name="budget">When this is spent, beside what it takes to make pipelines, no further case is begun.</param>
    /// <exception cref="DeviceSelfTestException">No form is left of some kernel.</exception>
    public void BeforeSession(KvType type, TimeSpan budget) =>
        Run(each => cases.OfCache(each, type), budget, countsPipelines: false, CancellationToken.None);

    /// <summary>Tests everything that has not been.</summary>
    /// <exception cref="DeviceSelfTestException">No form is left of some kernel.</exception>
    public void Rest(TimeSpan budget, CancellationToken cancellation) =>
        Run(all => cases.First(all).Concat(cases.Rest(all)), budget, countsPipelines: true, cancellation);

    /// <summary>
    /// Tests what is left of a model that is no longer used, for at most half a second. What it finds counts from the next time on.
    /// </summary>
    public void AtExit()
    {
        try
        {
            Rest(TimeSpan.FromSeconds(0.5), CancellationToken.None);
        }
        catch (DeviceSelfTestException exception)
        {
            logger?.LogWarning("{Problem}", exception.Message);
        }
        catch (Exception exception) when (exception is VulkanException or ObjectDisposedException)
        {
            // The device is lost, or full: what is left is tested another time.
        }
    }

    private int Run(
        Func<KernelContext, IEnumerable<SelfTestCase>> find, TimeSpan budget, bool countsPipelines, CancellationToken cancellation)
    {
        foreach ((string key, string problem) in store.Failures)
        {
            LeaveOut(key[..key.IndexOf(' ', StringComparison.Ordinal)], problem);
        }

        // With each form that is left out other cases are needed.
        int count = 0;
        TimeSpan left = budget;
        while (true)
        {
            SelfTestCase[] open = [.. Needed(find).Where(each => !store.HasPassed(each.Key))];
            if (open.Length == 0 || left <= TimeSpan.Zero)
            {
                return count;
            }

            // What was begun with others and never ended is begun again on its own, so that what is to blame is known next time.
            SelfTestCase? suspect = Array.Find(open, each => store.IsSuspect(each.Key));
            (IReadOnlyList<SelfTestResult> results, TimeSpan spent) = Run(
                suspect is null ? open : [suspect], new SelfTestLimits(left, countsPipelines, Timeout), cancellation);
            count += results.Count;
            left -= spent;
            foreach (SelfTestResult failed in results.Where(result => result.Problem is not null))
            {
                LeaveOut(failed.Case.Form, failed.Problem!);
                left = budget; // What takes its place is tested, too.
            }
        }
    }

    private SelfTestCase[] Needed(Func<KernelContext, IEnumerable<SelfTestCase>> find)
    {
        SelfTestCase[] needed;
        try
        {
            needed = [.. find(context).DistinctBy(each => each.Key)];
        }
        catch (NotSupportedException exception)
        {
            throw Refused("matrix products", exception.Message);
        }

        // A form that is left out is taken only where there is no other.
        return Array.Find(needed, each => context.Forms.IsLeftOut(each.Form)) is { } last
            ? throw Refused(last.Form, context.Forms.LeftOut[last.Form])
            : needed;
    }

    private (IReadOnlyList<SelfTestResult> Results, TimeSpan Spent) Run(
        SelfTestCase[] open, SelfTestLimits limits, CancellationToken cancellation)
    {
        string[] keys = [.. open.Select(each => each.Key)];
        store.Begin(keys);
        try
        {
            IReadOnlyList<SelfTestResult> begun = KernelSelfTest.Run(context, Decode, open, limits, cancellation, out TimeSpan spent);

            // Which of several cases held the others up is found by running them one by one.
            bool isAlone = open.Length == 1;
            store.Suspect(begun.Where(result => result.IsLate && !isAlone).Select(result => result.Case.Key));
            SelfTestResult[] results = [.. begun.Where(result => !result.IsLate || isAlone)];
            store.End(keys, results.Select(result => (result.Case.Key, result.Problem)));
            return (results, spent);
        }
        catch (Exception exception) when (exception is not DeviceLostException)
        {
            // A lost device leaves the note, so that the next process finds out which case it was.
            store.End(keys, []);
            throw;
        }
    }

    private void LeaveOut(string form, string problem)
    {
        if (context.Forms.LeaveOut(form, problem))
        {
            logger?.LogWarning(
                "{Device}, driver {Driver}: {Form} computes wrong results and is left out: {Problem}", context.Device.Info.Name,
                context.Device.Info.DriverVersion, form, problem.ReplaceLineEndings(" "));
        }
    }

    private DeviceSelfTestException Refused(string form, string problem) =>
        new(context.Device.Info.Name, $"{context.Device.Info.DriverName} {context.Device.Info.DriverVersion}", form, problem);

    private static void Decode(WeightType type, ReadOnlySpan<byte> source, Span<float> values) =>
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, values);
}
