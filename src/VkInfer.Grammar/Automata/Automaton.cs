namespace VkInfer.Grammar.Automata;

/// <summary>What a state does.</summary>
internal enum StateKind : byte
{
    /// <summary>Reads a byte of a range and goes to <see cref="State.Target"/>.</summary>
    Byte,

    /// <summary>Goes to any of <see cref="State.Targets"/> without reading.</summary>
    Split,

    /// <summary>Runs the rule <see cref="State.Index"/>, then goes to <see cref="State.Target"/>.</summary>
    Call,

    /// <summary>
    /// Runs the body of the loop <see cref="State.Index"/> as often as that says, then goes to <see cref="State.Target"/>.
    /// </summary>
    Loop,

    /// <summary>Ends its rule, or one pass of its loop's body.</summary>
    End,
}

/// <summary>One state of an <see cref="Automaton"/>.</summary>
internal readonly record struct State(StateKind Kind, byte First, byte Last, int Target, int Index, int[]? Targets)
{
    public static State End => new(StateKind.End, 0, 0, -1, -1, null);

    public static State Byte(byte first, byte last, int target) => new(StateKind.Byte, first, last, target, -1, null);

    public static State Split(int[] targets) => new(StateKind.Split, 0, 0, -1, -1, targets);

    public static State Call(int rule, int target) => new(StateKind.Call, 0, 0, target, rule, null);

    public static State Loop(int loop, int target) => new(StateKind.Loop, 0, 0, target, loop, null);
}

/// <summary>A repetition that counts.</summary>
/// <param name="Body">The first state of its body, which leads to an <see cref="StateKind.End"/>.</param>
/// <param name="Min">Passes before the loop may be left.</param>
/// <param name="Max">Most passes; null: any number.</param>
/// <param name="MayReadNothing">
/// Whether the body matches the empty text. Then <paramref name="Min"/> is 0, which matches the same texts if a pass that reads nothing
/// does not count; without this, counting such passes would never end.
/// </param>
internal readonly record struct Loop(int Body, int Min, int? Max, bool MayReadNothing)
{
    /// <summary>The passes after one more; beyond a minimum without a maximum they make no difference.</summary>
    public int After(int count) => Max is null ? Math.Min(count + 1, Min) : count + 1;

    /// <summary>
    /// Whether whoever has made one number of passes can read all that one with another number, and the same way before and after it,
    /// can read.
    /// </summary>
    public bool Covers(int count, int other) => count == other
        || (Max is null ? count > other : count >= Min && count < other);

    /// <summary>
    /// The least number of passes that makes no difference within the next so many bytes, each of which makes one pass at most.
    /// </summary>
    public int Least(int count, int bytes) =>
        (long)count + bytes < Min ? 0
        : count > Min && (Max is null || (long)count + bytes < Max) ? Min
        : count;
}

/// <summary>
/// A pushdown automaton over bytes: the states of all rules, and where each rule starts. The stack holds the states to return to, and
/// the passes that open loops have made. Immutable.
/// </summary>
/// <param name="States">All states.</param>
/// <param name="Loops">All loops.</param>
/// <param name="Starts">The first state of each rule; rule 0 is the whole.</param>
/// <param name="Heights">How many rules must be open at a time, at least, on the way from a state to its rule's or loop body's end.</param>
/// <param name="MaxDepth">Most rules open at a time. Where no more may be opened, only what closes them is allowed.</param>
internal sealed record Automaton(State[] States, Loop[] Loops, int[] Starts, int[] Heights, int MaxDepth)
{
    /// <summary>Whether there are loops whose body may match the empty text.</summary>
    public bool HasEmptyPasses { get; } = Array.Exists(Loops, loop => loop.MayReadNothing);
}
