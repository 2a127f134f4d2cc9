namespace VkInfer.Grammar.Automata;

/// <summary>Follows everything that reads nothing, from the states that a byte led to. Not thread-safe; used again and again.</summary>
internal sealed class Closure(Automaton automaton, FrameTable frames, WorkBudget budget)
{
    // Emptying a table takes as long as it once was large.
    private const int LargestKept = 4096;

    // With fewer ways to go on, looking for those that others cover is not worth while.
    private const int FewestToThin = 16;

    private readonly Stack<Entry> _open = [];
    private readonly List<Configuration> _resting = [];
    private Dictionary<(int State, int Stack), int> _seen = [];

    /// <summary>Whether the text may end here.</summary>
    public bool Accepts { get; private set; }

    /// <summary>The states that read a byte, and the stacks there; valid until the next use.</summary>
    public List<Configuration> Resting => _resting;

    /// <summary>Starts afresh.</summary>
    public void Clear()
    {
        _open.Clear();
        _resting.Clear();
        Accepts = false;
        if (_seen.Count > LargestKept)
        {
            _seen = [];
        }
        else
        {
            _seen.Clear();
        }
    }

    /// <summary>Adds a state that a byte led to.</summary>
    public void Add(int state, StackFrame? stack) => _open.Push(new Entry(state, stack, automaton.HasEmptyPasses ? Height(stack) : 0));

    /// <summary>Follows all that was added.</summary>
    /// <exception cref="GrammarException">There are too many ways to go on.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public void Run()
    {
        while (_open.TryPop(out Entry at))
        {
            if ((at.Stack?.Depth ?? 0) + automaton.Heights[at.State] > automaton.MaxDepth || !IsNew(at))
            {
                continue;
            }

            budget.Spend(1);
            Follow(at);
            if (_resting.Count > Limits.Configurations || _seen.Count > Limits.ClosureSteps)
            {
                throw WorkBudget.TooAmbiguous();
            }
        }

        if (_resting.Count >= FewestToThin)
        {
            Thin();
        }
    }

    private static int Height(StackFrame? stack) => stack?.Height ?? 0;

    /// <summary>An entry with more frames that had something read can do more: it is followed again, unless it reads a byte.</summary>
    private bool IsNew(Entry at)
    {
        (int State, int Stack) key = (at.State, at.Stack?.Id ?? 0);
        if (_seen.TryGetValue(key, out int read) && (read >= at.Read || automaton.States[at.State].Kind == StateKind.Byte))
        {
            return false;
        }

        _seen[key] = at.Read;
        return true;
    }

    private void Follow(Entry at)
    {
        State state = automaton.States[at.State];
        switch (state.Kind)
        {
            case StateKind.Byte:
                _resting.Add(new Configuration(at.State, at.Stack));
                break;
            case StateKind.Split:
                foreach (int target in state.Targets!)
                {
                    _open.Push(at with { State = target });
                }

                break;
            case StateKind.Call:
                // A call at the end of a rule leaves nothing to come back for: right recursion needs no stack.
                bool isTail = automaton.States[state.Target].Kind == StateKind.End;
                StackFrame? stack = isTail ? at.Stack : frames.Rule(state.Target, at.Stack);
                _open.Push(at with { State = automaton.Starts[state.Index], Stack = stack });
                break;
            case StateKind.Loop:
                Pass(at.State, 0, at.Stack, at.Read);
                break;
            case StateKind.End when at.Stack is null:
                Accepts = true;
                break;
            default:
                End(at.Stack!, at.Read);
                break;
        }
    }

    /// <summary>The head of a loop after so many passes: leaves it, goes on with it, or both.</summary>
    private void Pass(int state, int count, StackFrame? below, int read)
    {
        State head = automaton.States[state];
        Loop loop = automaton.Loops[head.Index];
        if (count >= loop.Min)
        {
            _open.Push(new Entry(head.Target, below, read));
        }

        if (loop.Max is null || count < loop.Max)
        {
            _open.Push(new Entry(loop.Body, frames.Loop(state, count, below), read));
        }
    }

    private void End(StackFrame frame, int read)
    {
        int readBelow = Math.Min(read, Height(frame.Below));
        if (!frame.IsLoop)
        {
            _open.Push(new Entry(frame.At, frame.Below, readBelow));
            return;
        }

        // A pass that read nothing does not count, and what it could lead to was added when it began.
        Loop loop = automaton.Loops[automaton.States[frame.At].Index];
        if (!loop.MayReadNothing || frame.Height <= read)
        {
            Pass(frame.At, loop.After(frame.Count), frame.Below, readBelow);
        }
    }

    /// <summary>Drops what can read nothing that another cannot: of "[a-z]{1,9} [a-z]{1,9}" many counts of the second loop.</summary>
    private void Thin()
    {
        var best = new Dictionary<(int State, int At, int Below), int>();
        foreach (Configuration configuration in _resting)
        {
            if (configuration.Stack is { IsLoop: true } frame)
            {
                (int State, int At, int Below) key = (configuration.State, frame.At, frame.Below?.Id ?? 0);
                if (!best.TryGetValue(key, out int count) || LoopOf(frame).Covers(frame.Count, count))
                {
                    best[key] = frame.Count;
                }
            }
        }

        _resting.RemoveAll(configuration => configuration.Stack is { IsLoop: true } frame
            && best[(configuration.State, frame.At, frame.Below?.Id ?? 0)] is var count
            && count != frame.Count && LoopOf(frame).Covers(count, frame.Count));
    }

    private Loop LoopOf(StackFrame frame) => automaton.Loops[automaton.States[frame.At].Index];

    /// <summary>Work to do.</summary>
    /// <param name="State">Where.</param>
    /// <param name="Stack">What is open.</param>
    /// <param name="Read">
    /// How many of the frames had something read since they were pushed, all lower ones; 0 where no loop asks for it.
    /// </param>
    private readonly record struct Entry(int State, StackFrame? Stack, int Read);
}
