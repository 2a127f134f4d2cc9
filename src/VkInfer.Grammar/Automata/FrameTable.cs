namespace VkInfer.Grammar.Automata;

/// <summary>The interned stack frames of one <see cref="LazyAutomaton"/>. Not thread-safe.</summary>
internal sealed class FrameTable(Automaton automaton, WorkBudget budget)
{
    // The object and its place in the table.
    private const int FrameBytes = 120;

    private readonly Dictionary<(int At, int Count, int Below), StackFrame> _frames = [];

    public void Clear() => _frames.Clear();

    /// <summary>The frame of an open rule.</summary>
    public StackFrame Rule(int returnState, StackFrame? below) => Frame(returnState, StackFrame.NoLoop, below);

    /// <summary>The frame of an open loop.</summary>
    public StackFrame Loop(int state, int count, StackFrame? below) => Frame(state, count, below);

    /// <summary>An equal stack of frames that this table has now.</summary>
    public StackFrame? Copy(StackFrame? stack)
    {
        StackFrame? copy = null;
        foreach (StackFrame frame in FromTheBottom(stack, _ => false))
        {
            copy = Frame(frame.At, frame.Count, copy);
        }

        return copy;
    }

    /// <summary>
    /// The stack that stands for all that can read the same texts of so many bytes: counts that are far from where they decide
    /// something are taken for equal.
    /// </summary>
    public StackFrame? Representative(StackFrame? stack, int bytes)
    {
        foreach (StackFrame frame in FromTheBottom(stack, frame => frame.Representative is not null))
        {
            int count = frame.IsLoop ? automaton.Loops[automaton.States[frame.At].Index].Least(frame.Count, bytes) : frame.Count;
            frame.Representative = Frame(frame.At, count, frame.Below?.Representative);
        }

        return stack?.Representative;
    }

    private static Stack<StackFrame> FromTheBottom(StackFrame? stack, Func<StackFrame, bool> isKnown)
    {
        var frames = new Stack<StackFrame>();
        for (; stack is not null && !isKnown(stack); stack = stack.Below)
        {
            frames.Push(stack);
        }

        return frames;
    }

    private StackFrame Frame(int at, int count, StackFrame? below)
    {
        (int At, int Count, int Below) key = (at, count, below?.Id ?? 0);
        if (!_frames.TryGetValue(key, out StackFrame? frame))
        {
            budget.Keep(FrameBytes);
            frame = new StackFrame(_frames.Count + 1, at, count, below);
            _frames.Add(key, frame);
        }

        return frame;
    }
}
