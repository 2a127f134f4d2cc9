using System.Diagnostics;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>
/// Steps with prompts, recorded anew each time and submitted in slices of layers that take a bounded time on the device: it starts while
/// the rest is recorded, other work gets its turn, and no driver's watchdog fires. Not thread-safe.
/// </summary>
internal sealed class SlicedSteps : IDisposable
{
    private const double SliceSeconds = 0.02;

    // Slices that may be under way before recording waits: on a slow device the rest of a step can still be given up.
    private const int ListsInFlight = 8;

    // Layers of a step's first slice, and how many times as many each next one may have.
    private const int FirstLayers = 2;
    private const int Growth = 2;

    private readonly GpuDevice _device;
    private readonly ModelConfig _config;
    private readonly Cancellation _cancellation;
    private readonly CommandList[] _lists = new CommandList[ListsInFlight];
    private readonly Slice[] _pending = new Slice[ListsInFlight];
    private readonly double[] _microseconds = new double[2];
    private readonly List<DispatchTime>[] _profiles = [[], []];
    private readonly double _flopsPerRowAndLayer;
    private readonly bool _timestamps;
    private double _flopsPerSecond;
    private long _lastCollected;
    private int _next;
    private int _submitted;
    private int _completed;

    /// <param name="device">Where.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="cancellation">Ends waits.</param>
    public SlicedSteps(GpuDevice device, ModelConfig config, Cancellation cancellation)
    {
        _device = device;
        _config = config;
        _cancellation = cancellation;
        _timestamps = device.Capabilities is { TimestampsSupported: true, TimestampsWait: false };
        _flopsPerRowAndLayer =
            2.0 * config.HiddenSize * (config.MixerInputSize + config.MixerOutputSize + config.UpSize + config.IntermediateSize);

        // A first guess, corrected by each slice: low, so that the first slice is short.
        _flopsPerSecond = device.Info.Type == DeviceType.Software ? 2e9 : 2e12;
        try
        {
            for (int i = 0; i < _lists.Length; i++)
            {
                _lists[i] = device.CreateCommandList($"step.slice.{i}");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The last submission.</summary>
    public Submission Last { get; private set; }

    /// <summary>The dispatches of the last step that has ended, where they were timed.</summary>
    public IReadOnlyList<DispatchTime> LastProfile => _profiles[(_completed + 1) % 2];

    /// <summary>Submits a step, while at most one before it is under way.</summary>
    /// <param name="pass">Records it.</param>
    /// <param name="rows">Its rows, written.</param>
    /// <param name="keysSeen">Keys that its rows see, all together.</param>
    /// <returns>The last submission.</returns>
    public Submission Submit(RowsPass pass, PassRows rows, double keysSeen)
    {
        double layerFlops = (rows.Shape.Rows * _flopsPerRowAndLayer) + (4.0 * keysSeen * _config.QuerySize);
        int most = FirstLayers;
        int step = _submitted++ % 2;
        _microseconds[step] = 0;
        _profiles[step].Clear();
        for (int layer = 0; layer < _config.NumLayers; most = Math.Min(most * Growth, _config.NumLayers))
        {
            int first = layer;
            int count = (int)Math.Clamp(_flopsPerSecond * SliceSeconds / layerFlops, 1, Math.Min(most, _config.NumLayers - layer));
            int index = _next++ % _lists.Length;
            Collect(index);
            _lists[index].Record(list =>
            {
                Stamp(list, "begin");
                pass.RecordLayers(list, rows, first, count);
                Stamp(list, "end");
            });
            Last = _device.SubmitOnce(_lists[index]);
            _pending[index] = new Slice(step, count * layerFlops, Stopwatch.GetTimestamp(), Last);
            layer += count;
        }

        return Last;
    }

    /// <summary>Takes note that the earliest step under way has ended.</summary>
    /// <param name="last">Its last submission.</param>
    /// <returns>The time that it took on the device, in microseconds.</returns>
    public double Complete(Submission last)
    {
        for (int i = 0; i < _lists.Length; i++)
        {
            int index = (_next + i) % _lists.Length;
            if (_pending[index].Submission.Value <= last.Value)
            {
                Collect(index);
            }
        }

        return _microseconds[_completed++ % 2];
    }

    public void Dispose() => Array.ForEach(_lists, list => list?.Dispose());

    /// <summary>Waits for a list's last slice and learns from it how fast the device is.</summary>
    private void Collect(int index)
    {
        Slice slice = _pending[index];
        if (slice.Flops == 0)
        {
            return;
        }

        _device.Wait(slice.Submission, _cancellation);
        _pending[index] = default;
        long now = Stopwatch.GetTimestamp();
        double seconds = (_timestamps ? _lists[index].ReadMicroseconds() * 1e-6 : null)
            ?? Stopwatch.GetElapsedTime(Math.Max(slice.Submitted, _lastCollected), now).TotalSeconds;
        _lastCollected = now;
        double elapsed = _microseconds[slice.Step];
        _profiles[slice.Step].AddRange(_lists[index].ReadProfile().Select(
            time => time with { Started = time.Started + elapsed, Ended = time.Ended + elapsed }));
        _microseconds[slice.Step] += seconds * 1e6;
        _flopsPerSecond = Math.Clamp(slice.Flops / Math.Max(seconds, 1e-6), 0.25 * _flopsPerSecond, 4 * _flopsPerSecond);
    }

    private void Stamp(CommandList commands, string label)
    {
        if (_timestamps)
        {
            commands.Timestamp(label);
        }
    }

    private readonly record struct Slice(int Step, double Flops, long Submitted, Submission Submission);
}
