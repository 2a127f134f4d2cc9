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
    private readonly WorkBudget _budget = new();
    private readonly FrameTable _frames;
    private readonly Closure _closure;
    private readonly Dictionary<long[], ConfigurationSet> _sets = new(new KeyComparer());
    private int _epoch;

    public LazyAutomaton(Automaton automaton)
    {
        _automaton = automaton;
        _frames = new FrameTable(automaton, _budget);
        _closure = new Closure(automaton, _frames, _budget);
        _budget.Begin();
    }

    /// <summary>Where every text begins.</summary>
    /// <exception cref="GrammarException">There are too many ways to begin.</exception>
    public ConfigurationSet Start()
    {
        _budget.Begin();
        _closure.Clear();
        _closure.Add(_automaton.Starts[0], null);
        return Close();
    }

    /// <summary>Begins a bounded piece of work with a set; makes the set anew where the cache was emptied since.</summary>
    /// <param name="set">A set of this automaton.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>An equal set, of the present cache.</returns>
    public ConfigurationSet Begin(ConfigurationSet set, CancellationToken cancellation = default)
    {
        if (_budget.Bytes > Limits.CacheBytes)
        {
            _sets.Clear();
            _frames.Clear();
            _budget.Forget();
            _epoch++;
        }

        _budget.Begin(cancellation);
        return set.Epoch == _epoch
            ? set
            : Intern([.. set.Configurations.Select(c => new Configuration(c.State, _frames.Copy(c.Stack)))], set.Accepts);
    }

    /// <summary>The set that stands for all that can read the same texts of so many bytes, always the same number.</summary>
    public ConfigurationSet Representative(ConfigurationSet set, int bytes)
    {
        var configurations = new List<Configuration>(set.Configurations.Length);
        bool differs = false;
        foreach (Configuration configuration in set.Configurations)
        {
            StackFrame? stack = _frames.Representative(configuration.Stack, bytes);
            differs |= !ReferenceEquals(stack, configuration.Stack);
            configurations.Add(new Configuration(configuration.State, stack));
        }

        return differs ? Intern([.. configurations.Distinct()], set.Accepts) : set;
    }

    /// <summary>What follows a byte.</summary>
    /// <exception cref="GrammarException">There are too many ways to read the text.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public ConfigurationSet Step(ConfigurationSet set, byte value)
    {
        if (set.Next is null)
        {
            _budget.Keep(NextTableBytes);
            set.Next = Table(set);
        }

        return set.Next[value] ??= Compute(set, value);
    }

    /// <summary>The only byte that a text may go on with; null: there are several, or none.</summary>
    public byte? OnlyByte(ConfigurationSet set)
    {
        byte? only = null;
        foreach (Configuration configuration in set.Configurations)
        {
            State state = _automaton.States[configuration.State];
            if (state.First != state.Last || (only is { } other && other != state.First))
            {
                return null;
            }

            only = state.First;
        }

        return only;
    }

    /// <summary>Counts memory that is kept with a set.</summary>
    public void Keep(long bytes) => _budget.Keep(bytes);

    /// <summary>A table in which only the bytes that a configuration reads are still open.</summary>
    private ConfigurationSet?[] Table(ConfigurationSet set)
    {
        var next = new ConfigurationSet?[256];
        Array.Fill(next, Intern([], accepts: false));
        _budget.Spend(set.Configurations.Length);
        foreach (Configuration configuration in set.Configurations)
        {
            State state = _automaton.States[configuration.State];
            next.AsSpan(state.First, state.Last - state.First + 1).Clear();
        }

        return next;
    }

    private ConfigurationSet Compute(ConfigurationSet set, byte value)
    {
        _budget.Spend(set.Configurations.Length);
        _closure.Clear();
        foreach (Configuration configuration in set.Configurations)
        {
            State state = _automaton.States[configuration.State];
            if (value >= state.First && value <= state.Last)
            {
                _closure.Add(state.Target, configuration.Stack);
            }
        }

        return Close();
    }

    private ConfigurationSet Close()
    {
        _closure.Run();
        return Intern(_closure.Resting, _closure.Accepts);
    }

    private ConfigurationSet Intern(List<Configuration> configurations, bool accepts)
    {
        long[] key = new long[configurations.Count + 1];
        for (int i = 0; i < configurations.Count; i++)
        {
            key[i] = ((long)configurations[i].State << 32) | (uint)(configurations[i].Stack?.Id ?? 0);
        }

        key[^1] = accepts ? -1 : -2;
        Array.Sort(key);
        if (!_sets.TryGetValue(key, out ConfigurationSet? set))
        {
            _budget.KeepSet(SetBytes + ((long)configurations.Count * ConfigurationBytes));
            set = new ConfigurationSet([.. configurations], accepts, _epoch);
            _sets.Add(key, set);
        }

        return set;
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
