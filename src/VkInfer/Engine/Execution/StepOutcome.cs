using System.Runtime.InteropServices;

namespace VkInfer.Engine.Execution;

/// <summary>Why rows of a step chose no token.</summary>
internal enum ChoiceFault
{
    /// <summary>They did, or were not asked to.</summary>
    None,

    /// <summary>A logit is NaN or positive infinity.</summary>
    LogitsNotFinite,

    /// <summary>Every token is excluded.</summary>
    NoTokenAllowed,
}

/// <summary>What a step chose. Filled by the executor, read by the engine, and used again: allocates nothing once it has grown.</summary>
internal sealed class StepOutcome
{
    private readonly List<int> _tokens = [];
    private readonly List<TokenLogProbabilities?> _logProbabilities = [];
    private readonly List<(int First, int Count, ChoiceFault Fault)> _rows = [];

    /// <summary>How long the step took on the device.</summary>
    public TimeSpan Time { get; set; }

    /// <summary>Its time by the device's own clock, in microseconds; 0 where that is not known.</summary>
    public double GpuMicroseconds { get; set; }

    /// <summary>Whether what the step computed is worth nothing: it is to be done again.</summary>
    public bool IsVoid { get; set; }

    /// <summary>Rows that were added.</summary>
    public int Count => _rows.Count;

    /// <summary>What rows of the plan chose: nothing, or the guesses that hold and one token more.</summary>
    public ReadOnlySpan<int> Tokens(int rows) => CollectionsMarshal.AsSpan(_tokens).Slice(_rows[rows].First, _rows[rows].Count);

    /// <summary>For each of the tokens how likely it was, where that was asked for.</summary>
    public ReadOnlySpan<TokenLogProbabilities?> LogProbabilities(int rows) =>
        CollectionsMarshal.AsSpan(_logProbabilities).Slice(_rows[rows].First, _rows[rows].Count);

    /// <summary>Why rows chose nothing.</summary>
    public ChoiceFault Fault(int rows) => _rows[rows].Fault;

    public void Clear()
    {
        _tokens.Clear();
        _logProbabilities.Clear();
        _rows.Clear();
        (Time, GpuMicroseconds, IsVoid) = (TimeSpan.Zero, 0, false);
    }

    /// <summary>Begins the next rows of the plan.</summary>
    public void Add(ChoiceFault fault = ChoiceFault.None) => _rows.Add((_tokens.Count, 0, fault));

    /// <summary>Adds a token to the latest rows.</summary>
    public void AddToken(int token, TokenLogProbabilities? logProbabilities = null)
    {
        _tokens.Add(token);
        _logProbabilities.Add(logProbabilities);
        ref (int First, int Count, ChoiceFault Fault) rows = ref CollectionsMarshal.AsSpan(_rows)[^1];
        rows.Count++;
    }
}
