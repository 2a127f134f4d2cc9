namespace VkInfer.Grammar.Automata;

/// <summary>
/// Bounds the time and memory of one piece of work, such as a mask, and ends it when its caller cancels. Not thread-safe.
/// </summary>
internal sealed class WorkBudget
{
    private const int WorkBetweenChecks = 4096;

    private CancellationToken _cancellation;
    private int _setsLeft;
    private int _workLeft;
    private int _nextCheck;
    private long _mostBytes;

    /// <summary>Bytes that are kept, roughly.</summary>
    public long Bytes { get; private set; }

    /// <summary>Begins a piece of work.</summary>
    public void Begin(CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        _setsLeft = Limits.SetsPerMask;
        _workLeft = Limits.WorkPerMask;
        _nextCheck = _workLeft - WorkBetweenChecks;
        _mostBytes = Bytes + Limits.BytesPerMask;
    }

    /// <summary>Everything that was kept is gone.</summary>
    public void Forget() => Bytes = 0;

    /// <summary>Counts memory that is kept.</summary>
    public void Keep(long bytes)
    {
        Bytes += bytes;
        if (Bytes > _mostBytes)
        {
            throw TooAmbiguous();
        }
    }

    /// <summary>Counts a set of configurations, and what it takes.</summary>
    public void KeepSet(long bytes)
    {
        if (--_setsLeft < 0)
        {
            throw TooAmbiguous();
        }

        Keep(bytes);
    }

    /// <summary>Counts work that is about to be done.</summary>
    public void Spend(int work)
    {
        _workLeft -= work;
        if (_workLeft < 0)
        {
            throw TooAmbiguous();
        }

        if (_workLeft < _nextCheck)
        {
            _nextCheck = _workLeft - WorkBetweenChecks;
            _cancellation.ThrowIfCancellationRequested();
        }
    }

    public static GrammarException TooAmbiguous() =>
        new("", "the grammar is too ambiguous: the text can be read in too many ways");
}
