using System.Runtime.InteropServices;

namespace VkInfer.Grammar.Automata;

/// <summary>
/// The deterministic automaton over sets of configurations, made as far as it is used and kept within a bound. Not thread-safe.
/// </summary>
internal sealed class LazyAutomaton
{
    private const int NextTableBytes = 256 * 8;
    private const int SetBytes = 200;
    private const int ConfigurationBytes = 32;

    private readonly Automaton _automaton;
    private readonly Dictionary<long[], ConfigurationSet> _sets = new(new KeyComparer());
    private readonly Dictionary<(int Return, int Below), StackFrame> _frames = [];
    private readonly HashSet<(int State, int Stack)> _seen = [];
    private readonly Stack<(int State, StackFrame? Stack)> _open = [];
    private int _epoch;
    private long _bytes;
    private int _setsLeft;
    private int _workLeft;

    public LazyAutomaton(Automaton automaton)
    {
        _automaton = automaton;
        Allow(Limits.SetsPerMask, Limits.WorkPerMask);
    }

    /// <summary>Where every text begins.</summary>
    public ConfigurationSet Start()
    {
        Allow(Limits.SetsPerMask, Limits.WorkPerMask);
        _open.Push((_automaton.Starts[0], null));
        return Close();
    }

    /// <summary>Begins a bounded piece of work with a set; makes the set anew where the cache was emptied since.</summary>
    /// <param name="set">A set of this automaton.</param>
    /// <returns>An equal set, of the present cache.</returns>
    public ConfigurationSet Begin(ConfigurationSet set)
    {
        Allow(Limits.SetsPerMask, Limits.WorkPerMask);
        if (_bytes > Limits.CacheBytes)
        {
            _sets.Clear();
            _frames.Clear();
            _bytes = 0;
            _epoch++;
        }

        return set.Epoch == _epoch
            ? set
            : Intern([.. set.Configurations.Select(c => new Configuration(c.State, Copy(c.Stack)))], set.Accepts);
    }

    /// <summary>What follows a byte.</summary>
    /// <exception cref="GrammarException">There are too many ways to read the text.</exception>
    public ConfigurationSet Step(ConfigurationSet set, byte value)
    {
        if (set.Next is null)
        {
            set.Next = new ConfigurationSet?[256];
            _bytes += NextTableBytes;
        }

        return set.Next[value] ??= Compute(set, value);
    }

    /// <summary>Counts memory that is kept with a set.</summary>
    public void Keep(long bytes) => _bytes += bytes;

    private void Allow(int sets, int work) => (_setsLeft, _workLeft) = (sets, work);

    private ConfigurationSet Compute(ConfigurationSet set, byte value)
    {
        Spend(set.Configurations.Length);
        foreach (Configuration configuration in set.Configurations)
        {
            State state = _automaton.States[configuration.State];
            if (value >= state.First && value <= state.Last)
            {
                _open.Push((state.Target, configuration.Stack));
            }
        }

        return Close();
    }

    /// <summary>Follows everything that reads nothing, from what is open.</summary>
    private ConfigurationSet Close()
    {
        _seen.Clear();
        bool accepts = false;
        var resting = new List<Configuration>();
        while (_open.TryPop(out (int State, StackFrame? Stack) at))
        {
            int depth = at.Stack?.Depth ?? 0;
            if (depth + _automaton.Heights[at.State] > _automaton.MaxDepth || !_seen.Add((at.State, at.Stack?.Id ?? 0)))
            {
                continue;
            }

            Spend(1);
            State state = _automaton.States[at.State];
            switch (state.Kind)
            {
                case StateKind.Byte:
                    resting.Add(new Configuration(at.State, at.Stack));
                    break;
                case StateKind.Split:
                    foreach (int target in state.Targets!)
                    {
                        _open.Push((target, at.Stack));
                    }

                    break;
                case StateKind.Call:
                    // A call at the end of a rule leaves nothing to come back for: right recursion needs no stack.
                    bool isTail = _automaton.States[state.Target].Kind == StateKind.End;
                    _open.Push((_automaton.Starts[state.Rule], isTail ? at.Stack : Push(state.Target, at.Stack)));
                    break;
                case StateKind.End when at.Stack is null:
                    accepts = true;
                    break;
                default:
                    _open.Push((at.Stack!.Return, at.Stack.Below));
                    break;
            }
        }

        if (resting.Count > Limits.Configurations)
        {
            throw TooAmbiguous();
        }

        return Intern(resting, accepts);
    }

    private ConfigurationSet Intern(List<Configuration> configurations, bool accepts)
    {
        var key = new long[configurations.Count + 1];
        for (int i = 0; i < configurations.Count; i++)
        {
            key[i] = ((long)configurations[i].State << 32) | (uint)(configurations[i].Stack?.Id ?? 0);
        }

        key[^1] = accepts ? -1 : -2;
        Array.Sort(key);
        ref ConfigurationSet? set = ref CollectionsMarshal.GetValueRefOrAddDefault(_sets, key, out bool exists);
        if (!exists)
        {
            if (--_setsLeft < 0)
            {
                _sets.Remove(key);
                throw TooAmbiguous();
            }

            set = new ConfigurationSet([.. configurations], accepts, _epoch);
            _bytes += SetBytes + ((long)configurations.Count * ConfigurationBytes);
        }

        return set!;
    }

    private StackFrame Push(int target, StackFrame? below)
    {
        (int Return, int Below) key = (target, below?.Id ?? 0);
        if (!_frames.TryGetValue(key, out StackFrame? frame))
        {
            frame = new StackFrame(_frames.Count + 1, target, below, (below?.Depth ?? 0) + 1);
            _frames.Add(key, frame);
            _bytes += SetBytes;
        }

        return frame;
    }

    private StackFrame? Copy(StackFrame? stack)
    {
        var returns = new Stack<int>();
        for (; stack is not null; stack = stack.Below)
        {
            returns.Push(stack.Return);
        }

        StackFrame? copy = null;
        foreach (int state in returns)
        {
            copy = Push(state, copy);
        }

        return copy;
    }

    private void Spend(int work)
    {
        _workLeft -= work;
        if (_workLeft < 0)
        {
            throw TooAmbiguous();
        }
    }

    private GrammarException TooAmbiguous()
    {
        _open.Clear();
        return new("", "the grammar is too ambiguous: the text can be read in too many ways");
    }

    private sealed class KeyComparer : IEqualityComparer<long[]>
    {
        public bool Equals(long[]? x, long[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(long[] key)
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes(key.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
