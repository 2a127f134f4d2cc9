namespace VkInfer.Grammar.Automata;

/// <summary>Turns rules into an <see cref="Automaton"/> (Thompson's construction, from the end of each rule to its start).</summary>
internal sealed class AutomatonBuilder
{
    private readonly List<State> _states = [];
    private readonly List<Loop> _loops = [];
    private readonly Dictionary<State, int> _shared = [];
    private int _work;

    private AutomatonBuilder()
    {
    }

    /// <summary>Builds and checks the automaton.</summary>
    /// <param name="rules">The rules; the first is the whole.</param>
    /// <param name="maxDepth">Most rules open at a time while matching.</param>
    /// <exception cref="GrammarException">It is too large, left-recursive, too ambiguous to begin with, or matches nothing.</exception>
    public static Automaton Build(RuleSet rules, int maxDepth)
    {
        var builder = new AutomatonBuilder();
        int[] starts = new int[rules.Count];
        for (int rule = 0; rule < rules.Count; rule++)
        {
            (_, string location, Expression? body) = rules[rule];
            starts[rule] = builder.Add(body!, builder.Share(State.End, location), location);
        }

        State[] states = [.. builder._states];
        Loop[] loops = [.. builder._loops];
        int[] emptyHeights = StateHeights.Of(states, loops, starts, readsBytes: false);
        LeftRecursion.Check(rules, states, loops, starts, emptyHeights);
        for (int i = 0; i < loops.Length; i++)
        {
            bool mayReadNothing = emptyHeights[loops[i].Body] < StateHeights.Endless;
            loops[i] = loops[i] with { MayReadNothing = mayReadNothing, Min = mayReadNothing ? 0 : loops[i].Min };
        }

        int[] heights = StateHeights.Of(states, loops, starts, readsBytes: true);
        if (heights[starts[0]] > maxDepth)
        {
            (string name, string location, _) = rules[0];
            throw new GrammarException(location, heights[starts[0]] == StateHeights.Endless
                ? $"rule '{name}' can never end: nothing matches, or every way through it opens another rule"
                : $"rule '{name}' has more than {maxDepth} rules open at a time in the shortest text");
        }

        var automaton = new Automaton(states, loops, starts, heights, maxDepth);
        _ = new LazyAutomaton(automaton).Start();
        return automaton;
    }

    /// <summary>The state from which an expression leads to <paramref name="next"/>.</summary>
    private int Add(Expression expression, int next, string location)
    {
        // What stands for nothing makes no states, but takes time all the same.
        if (++_work > Limits.States)
        {
            throw TooLarge(location);
        }

        switch (expression)
        {
            case Expression.Literal literal:
                for (int i = literal.Bytes.Length - 1; i >= 0; i--)
                {
                    next = Share(State.Byte(literal.Bytes.Span[i], literal.Bytes.Span[i], next), location);
                }

                return next;
            case Expression.CodePoints codePoints:
                return AddCodePoints(codePoints, next, location);
            case Expression.Sequence sequence:
                for (int i = sequence.Parts.Count - 1; i >= 0; i--)
                {
                    next = Add(sequence.Parts[i], next, location);
                }

                return next;
            case Expression.Choice choice:
                int[] targets = new int[choice.Alternatives.Count];
                for (int i = 0; i < targets.Length; i++)
                {
                    targets[i] = Add(choice.Alternatives[i], next, location);
                }

                return New(State.Split(targets), location);
            case Expression.Repeat repeat:
                return AddRepeat(repeat, next, location);
            case Expression.Reference reference:
                return Share(State.Call(reference.Rule, next), location);
            default:
                throw new ArgumentOutOfRangeException(nameof(expression));
        }
    }

    private int AddRepeat(Expression.Repeat repeat, int next, string location)
    {
        switch (repeat.Min, repeat.Max)
        {
            case (_, 0):
                return next;
            case (1, 1):
                return Add(repeat.Body, next, location);
            case (0, 1):
                return New(State.Split([Add(repeat.Body, next, location), next]), location);
            case (0 or 1, null):
                int again = New(State.Split([]), location);
                int body = Add(repeat.Body, again, location);
                _states[again] = State.Split([body, next]);
                return repeat.Min == 0 ? again : body;
            default:
                _loops.Add(new Loop(Add(repeat.Body, Share(State.End, location), location), repeat.Min, repeat.Max, false));
                return New(State.Loop(_loops.Count - 1, next), location);
        }
    }

    private int AddCodePoints(Expression.CodePoints codePoints, int next, string location)
    {
        var targets = new List<int>();
        foreach ((int first, int last) in codePoints.Ranges)
        {
            foreach ((byte First, byte Last)[] sequence in Utf8Ranges.Sequences(first, last))
            {
                int entry = next;
                for (int i = sequence.Length - 1; i >= 0; i--)
                {
                    entry = Share(State.Byte(sequence[i].First, sequence[i].Last, entry), location);
                }

                targets.Add(entry);
            }
        }

        return targets.Count == 1 ? targets[0] : New(State.Split([.. targets]), location);
    }

    /// <summary>A state that does the same wherever it is needed: the many endings of a class have most of theirs in common.</summary>
    private int Share(State state, string location)
    {
        if (!_shared.TryGetValue(state, out int index))
        {
            index = New(state, location);
            _shared.Add(state, index);
        }

        return index;
    }

    private int New(State state, string location)
    {
        if (_states.Count >= Limits.States)
        {
            throw TooLarge(location);
        }

        _states.Add(state);
        return _states.Count - 1;
    }

    private static GrammarException TooLarge(string location) =>
        new(location, $"the grammar needs more than {Limits.States} states; long texts, long classes and many rules are what takes them");
}
