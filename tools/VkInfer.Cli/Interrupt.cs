using System.Runtime.InteropServices;

namespace VkInfer.Cli;

/// <summary>What Ctrl-C does, and what the signals do that ask a process to end. Thread-safe.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private volatile int _exitCode;

    /// <summary>Set when the work under way shall end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>
    /// While set, decides alone what Ctrl-C does: returns whether it was used, so that the process goes on. Null: the first signal
    /// sets <see cref="Token"/>, and a second one, while that takes too long, ends the process.
    /// </summary>
    public Func<bool>? Handler { get; set; }

    /// <summary>What a process returns that a signal ended, as shells have it; null: none has.</summary>
    public int? ExitCode => _exitCode == 0 ? null : _exitCode;

    /// <summary>A signal has come.</summary>
    /// <param name="signal">Which.</param>
    /// <returns>False if the process shall end at once.</returns>
    public bool Press(PosixSignal signal = PosixSignal.SIGINT)
    {
        if (signal == PosixSignal.SIGINT && Handler is { } handler)
        {
            return handler();
        }

        bool isFirst = !_source.IsCancellationRequested;
        _exitCode = signal switch
        {
            PosixSignal.SIGHUP => ExitCodes.Hangup,
            PosixSignal.SIGTERM => ExitCodes.Terminated,
            _ => ExitCodes.Interrupted,
        };

        // On a thread of its own, since what is registered may take its time, and the second signal must get through.
        _ = _source.CancelAsync();
        return isFirst;
    }

    public void Dispose() => _source.Dispose();
}
