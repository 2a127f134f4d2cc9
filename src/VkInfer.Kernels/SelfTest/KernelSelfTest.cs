using System.Diagnostics;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How long a self-test may take.</summary>
/// <param name="Budget">When this much time is spent, no further case is begun.</param>
/// <param name="CountsPipelines">Making pipelines counts; else whoever waits needs them anyway.</param>
/// <param name="Timeout">How long the device may take for cases that run together.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct SelfTestLimits(TimeSpan Budget, bool CountsPipelines, TimeSpan Timeout);

/// <summary>Runs cases on a device and compares their results with the CPU's.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class KernelSelfTest
{
    // A device takes 64 lists in a submission; fewer cases also hold less memory.
    private const int MostCases = 32;

    /// <summary>
    /// Runs cases, up to 32, all in one submission: together they take little longer than one. Most of the time goes into making pipelines,
    /// which whoever uses a form needs anyway.
    /// </summary>
    /// <param name="context">The device.</param>
    /// <param name="decode">Says what weights are worth.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="limits">How long it may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="spent">How much of the budget it took.</param>
    /// <returns>A result for each case that was begun, in their order.</returns>
    /// <exception cref="DeviceLostException">The device was lost; which case did it is not known.</exception>
    public static IReadOnlyList<SelfTestResult> Run(
        KernelContext context, WeightDecoder decode, IReadOnlyList<SelfTestCase> cases, SelfTestLimits limits,
        CancellationToken cancellation, out TimeSpan spent)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(decode);
        ArgumentNullException.ThrowIfNull(cases);
        (Stopwatch all, Stopwatch pipelines) = (Stopwatch.StartNew(), new Stopwatch());
        context = context with { PipelineClock = pipelines };
        TimeSpan Spent() => limits.CountsPipelines ? all.Elapsed : all.Elapsed - pipelines.Elapsed;
        var begun = new List<(SelfTestCase Case, SelfTestBench Bench, CommandList Commands, string? Problem)>();
        try
        {
            foreach (SelfTestCase each in cases)
            {
                cancellation.ThrowIfCancellationRequested();
                if (begun.Count == MostCases || (begun.Count > 0 && Spent() > limits.Budget))
                {
                    break;
                }

                (SelfTestBench bench, CommandList list) = (new SelfTestBench(context, decode),
                    context.Device.CreateCommandList("self-test"));
                begun.Add((each, bench, list, null));
                begun[^1] = (each, bench, list, Record(each, bench, list));
            }

            bool isDone = Wait(
                context.Device, [.. begun.Where(each => each.Problem is null).Select(each => each.Commands)], limits.Timeout, cancellation);
            string? late = isDone ? null : $"no result after {limits.Timeout.TotalSeconds} s";
            SelfTestResult[] results =
            [
                .. begun.Select(each => new SelfTestResult(
                    each.Case, each.Problem ?? late ?? each.Bench.Problem(), IsLate: each.Problem is null && !isDone)),
            ];
            spent = Spent();
            return results;
        }
        finally
        {
            foreach ((SelfTestCase _, SelfTestBench? bench, CommandList? list, string? _) in begun)
            {
                list.Dispose();
                bench.Dispose();
            }
        }
    }

    private static string? Record(SelfTestCase each, SelfTestBench bench, CommandList list)
    {
        try
        {
            list.Record(commands => each.Record(bench, commands));
            return null;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException
            or VulkanException and not (DeviceLostException or OutOfDeviceMemoryException))
        {
            return exception.Message; // The driver, or a limit, refuses the pipeline.
        }
    }

    private static bool Wait(GpuDevice device, CommandList[] lists, TimeSpan timeout, CancellationToken cancellation)
    {
        if (lists.Length == 0)
        {
            return true;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ended.CancelAfter(timeout);
        try
        {
            device.Wait(device.Submit(lists), ended.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
