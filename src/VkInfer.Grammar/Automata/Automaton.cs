namespace VkInfer.Grammar.Automata;

/// <summary>What a state does.</summary>
internal enum StateKind : byte
{
    /// <summary>Reads a byte of a range and goes to <see cref="State.Target"/>.</summary>
    Byte,

    /// <summary>Goes to any of <see cref="State.Targets"/> without reading.</summary>
    Split,

    /// <summary>Runs the rule <see cref="State.Rule"/>, then goes to <see cref="State.Target"/>.</summary>
    Call,

    /// <summary>Ends its rule.</summary>
    End,
}

/// <summary>One state of an <see cref="Automaton"/>.</summary>
internal readonly record struct State(StateKind Kind, byte First, byte Last, int Target, int Rule, int[]? Targets)
{
    public static State End => new(StateKind.End, 0, 0, -1, -1, null);

    public static State Byte(byte first, byte last, int target) => new(StateKind.Byte, first, last, target, -1, null);

    public static State Split(int[] targets) => new(StateKind.Split, 0, 0, -1, -1, targets);

    public static State Call(int rule, int target) => new(StateKind.Call, 0, 0, target, rule, null);
}

/// <summary>
/// A pushdown automaton over bytes: the states of all rules, and where each rule starts. The stack holds the states to return to.
/// Immutable.
/// </summary>
/// <param name="States">All states.</param>
/// <param name="Starts">The first state of each rule; rule 0 is the whole.</param>
/// <param name="Heights">How many rules must be open at a time, at least, on the way from a state to its rule's end.</param>
/// <param name="MaxDepth">Most rules open at a time. Where no more may be opened, only what closes them is allowed.</param>
internal sealed record Automaton(State[] States, int[] Starts, int[] Heights, int MaxDepth);
