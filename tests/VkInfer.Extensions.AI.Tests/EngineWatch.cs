using System.Diagnostics.Metrics;

namespace VkInfer.Extensions.AI.Tests;

/// <summary>Reads what the engines of this process measure of themselves, as any listener may; of the model of all tests.</summary>
internal sealed class EngineWatch : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _values = [];

    public EngineWatch()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("vkinfer.engine.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Add(instrument, value));
        _listener.Start();
    }

    /// <summary>Steps that were submitted.</summary>
    public long Steps => Read("vkinfer.engine.steps");

    /// <summary>Sequences that take part in steps.</summary>
    public long Running => Read("vkinfer.engine.requests.running");

    public void Dispose() => _listener.Dispose();

    private long Read(string name)
    {
        _values.Clear();
        _listener.RecordObservableInstruments();
        return _values.GetValueOrDefault(name);
    }

    // Several engines make a sum.
    private void Add(Instrument instrument, long value) =>
        _values[instrument.Name] = _values.GetValueOrDefault(instrument.Name) + value;
}
