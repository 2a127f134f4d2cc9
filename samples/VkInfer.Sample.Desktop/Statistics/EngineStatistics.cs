using System.Diagnostics.Metrics;

namespace VkInfer.Samples.Desktop.Statistics;

/// <summary>
/// Collects what the meter <c>VkInfer</c> tells twice a second, as long as somebody watches. Thread-safe.
/// </summary>
public sealed class EngineStatistics : IDisposable
{
    /// <summary>How many samples are kept: a minute.</summary>
    public const int Capacity = 120;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _values = [];
    private readonly Queue<StatisticsSample> _samples = new(Capacity);
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private Action? _watchers;
    private long? _rows;
    private long _at;

    /// <param name="time">Tells the time.</param>
    public EngineStatistics(TimeProvider time)
    {
        _time = time;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "VkInfer", IsObservable: true })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
        _timer = time.CreateTimer(_ => Collect(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The samples, the oldest first.</summary>
    public IReadOnlyList<StatisticsSample> Samples
    {
        get
        {
            lock (_lock)
            {
                return [.. _samples];
            }
        }
    }

    /// <summary>Watches until the result is disposed.</summary>
    /// <param name="onSample">Called behind each sample, from any thread.</param>
    public IDisposable Watch(Action onSample)
    {
        lock (_lock)
        {
            if (_watchers is null)
            {
                _rows = null; // Nobody counted meanwhile.
                _timer.Change(TimeSpan.Zero, Interval);
            }

            _watchers += onSample;
        }

        return new Watcher(this, onSample);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _listener.Dispose();
    }

    private void Collect()
    {
        Action? watchers;
        lock (_lock)
        {
            _values.Clear();
            _listener.RecordObservableInstruments();
            long now = _time.GetTimestamp(), rows = Read("vkinfer.engine.rows");
            double seconds = _time.GetElapsedTime(_at, now).TotalSeconds;

            // Fewer than before: another model.
            double speed = _rows is { } before && rows >= before && seconds > 0 ? (rows - before) / seconds : 0;
            (_rows, _at) = (rows, now);
            if (_samples.Count == Capacity)
            {
                _samples.Dequeue();
            }

            _samples.Enqueue(new StatisticsSample(
                speed, Read("vkinfer.engine.kv.pages held"), Read("vkinfer.engine.kv.pages cached"), Read("vkinfer.device.memory.allocated"),
                Read("vkinfer.device.memory.available")));
            watchers = _watchers;
        }

        watchers?.Invoke();
    }

    private long Read(string name) => _values.GetValueOrDefault(name);

    private void Add(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string name = instrument.Name;
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == "vkinfer.page.state")
            {
                name = $"{name} {tag.Value}";
            }
        }

        _values[name] = _values.GetValueOrDefault(name) + value;
    }

    private sealed class Watcher(EngineStatistics statistics, Action onSample) : IDisposable
    {
        public void Dispose()
        {
            lock (statistics._lock)
            {
                statistics._watchers -= onSample;
                if (statistics._watchers is null)
                {
                    statistics._timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }
}
