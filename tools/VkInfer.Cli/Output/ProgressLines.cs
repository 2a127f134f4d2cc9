using System.Diagnostics;
using System.Globalization;

namespace VkInfer.Cli.Output;

/// <summary>
/// Writes a line now and then on how far work has come, also while nothing is reported: whoever reads a log sees that it goes on.
/// Work that is done sooner writes nothing. Thread-safe.
/// </summary>
internal sealed class ProgressLines : IAsyncDisposable
{
    private readonly TextWriter _output;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Lock _lock = new();
    private readonly Timer _timer;
    private string _stage;
    private double _fraction;

    /// <param name="output">Where lines are written.</param>
    /// <param name="title">What the work is called until a stage has a name.</param>
    /// <param name="interval">The time between lines, and before the first.</param>
    public ProgressLines(TextWriter output, string title, TimeSpan interval)
    {
        _output = output;
        _stage = title;
        _timer = new Timer(_ => Write(), null, interval, interval);
    }

    /// <summary>Takes note of how far the work has come.</summary>
    /// <param name="stage">What is being done; null: as before.</param>
    /// <param name="fraction">How much of it is done, from 0 to 1.</param>
    public void Show(string? stage, double fraction)
    {
        lock (_lock)
        {
            (_stage, _fraction) = (stage ?? _stage, fraction);
        }
    }

    /// <summary>Ends it; nothing is written afterwards.</summary>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Write()
    {
        lock (_lock)
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(_started);
            string line = string.Create(
                CultureInfo.InvariantCulture, $"{_stage}: {Math.Clamp(100 * _fraction, 0, 100):F0} % after {elapsed.TotalSeconds:F0} s");
            try
            {
                _output.WriteLine(line);
                _output.Flush();
            }
            catch (Exception problem) when (problem is IOException or ObjectDisposedException)
            {
                // Nobody reads it any more; the work matters.
            }
        }
    }
}
