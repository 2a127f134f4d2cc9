namespace VkInfer.Cli;

/// <summary>What Ctrl-C does. Thread-safe.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    /// <summary>Set when the work under way shall end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>
    /// While set, decides alone what a press does: returns whether it was used, so that the process goes on. Null: the first press
    /// sets <see cref="Token"/>, and a second one, while that takes too long, ends the process.
    /// </summary>
    public Func<bool>? Handler { get; set; }

    /// <summary>Ctrl-C was pressed.</summary>
    /// <returns>False if the process shall end at once.</returns>
    public bool Press()
    {
        if (Handler is { } handler)
        {
            return handler();
        }

        bool isFirst = !_source.IsCancellationRequested;
        _source.Cancel();
        return isFirst;
    }

    public void Dispose() => _source.Dispose();
}
