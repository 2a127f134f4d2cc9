using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar.Tokens;

/// <summary>
/// The masks of one grammar over one vocabulary, kept for the states that come again. Counts of repetitions that no token can bring
/// near their bounds share a mask. Thread-safe: matchers of many sessions share it.
/// </summary>
public sealed class TokenMasks
{
    private const int CheckMilliseconds = 20;
    private const int NodesBetweenChecks = 16_384;

    private readonly TokenTrie _trie;
    private readonly LazyAutomaton _automaton;
    private readonly Lock _lock = new();
    private readonly ConfigurationSet[] _path;

    /// <summary>Joins a grammar and a vocabulary.</summary>
    /// <param name="grammar">What texts must match.</param>
    /// <param name="trie">The tokens that texts are made of.</param>
    public TokenMasks(CompiledGrammar grammar, TokenTrie trie)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentNullException.ThrowIfNull(trie);
        _trie = trie;
        _automaton = new LazyAutomaton(grammar.Automaton);
        _path = new ConfigurationSet[trie.MaxLength + 1];
    }

    internal TokenTrie Trie => _trie;

    internal ConfigurationSet Start()
    {
        lock (_lock)
        {
            return _automaton.Start();
        }
    }

    /// <summary>What follows a token.</summary>
    internal ConfigurationSet Step(ConfigurationSet set, int token)
    {
        lock (_lock)
        {
            set = _automaton.Begin(set);
            foreach (byte value in _trie.Bytes(token))
            {
                set = _automaton.Step(set, value);
            }

            return set;
        }
    }

    /// <summary>The tokens of text that may follow, one bit each.</summary>
    internal uint[] Mask(ConfigurationSet set, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();

        // Another session's mask may be under way.
        while (!_lock.TryEnter(CheckMilliseconds))
        {
            cancellation.ThrowIfCancellationRequested();
        }

        try
        {
            return set.Mask ??= Find(set, cancellation);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>The longest token of the only text that may follow; null: there is none.</summary>
    internal int? Forced(ConfigurationSet set)
    {
        lock (_lock)
        {
            set = _automaton.Begin(set);
            TokenTrie.Walk walk = _trie.Begin();
            while (!set.Accepts && _automaton.OnlyByte(set) is { } value && walk.TryStep(value))
            {
                set = _automaton.Step(set, value);
            }

            return walk.Token;
        }
    }

    private uint[] Find(ConfigurationSet set, CancellationToken cancellation)
    {
        set = _automaton.Representative(_automaton.Begin(set, cancellation), _trie.MaxLength);
        if (set.Mask is null)
        {
            set.Mask = Compute(set, cancellation);
            _automaton.Keep(set.Mask.Length * sizeof(uint));
        }

        return set.Mask;
    }

    private uint[] Compute(ConfigurationSet set, CancellationToken cancellation)
    {
        uint[] mask = new uint[(_trie.VocabSize + 31) / 32];
        _path[0] = set;
        try
        {
            for (int node = 0, visited = 1; node < _trie.NodeCount; visited++)
            {
                if (visited % NodesBetweenChecks == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }

                (byte value, int depth, int end) = _trie.Node(node);
                ConfigurationSet next = _automaton.Step(_path[depth], value);
                if (next.IsDead)
                {
                    node = end;
                    continue;
                }

                _trie.SetBits(node, mask);
                _path[depth + 1] = next;
                node++;
            }
        }
        finally
        {
            Array.Clear(_path);
        }

        return mask;
    }
}
