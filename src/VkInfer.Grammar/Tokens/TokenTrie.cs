namespace VkInfer.Grammar.Tokens;

/// <summary>
/// The tokens of a vocabulary as a tree over their bytes, so that a mask looks at each common beginning once. Immutable; thread-safe.
/// </summary>
public sealed class TokenTrie
{
    // Nodes in depth-first order: the subtree of a node is what follows it up to its end.
    private readonly List<byte> _bytes = [];
    private readonly List<int> _depths = [];
    private readonly List<int> _ends = [];
    private readonly List<int> _firstToken = [];
    private readonly int[] _sameToken;
    private readonly ReadOnlyMemory<byte>[] _tokens;

    // Control tokens are told from text by bytes that UTF-8 never has.
    private const byte ControlStart = 0xFF;
    private const byte ControlEnd = 0xFE;

    /// <summary>Builds the tree.</summary>
    /// <param name="tokens">The bytes of each token; empty for one that is no text and must never be chosen.</param>
    /// <param name="endTokens">Tokens that end a text.</param>
    /// <param name="controlTokens">Control tokens with their texts, which grammars may ask for by <see
    /// cref="GrammarPart.Control"/>.</param>
    public TokenTrie(
        IReadOnlyList<ReadOnlyMemory<byte>> tokens, IEnumerable<int> endTokens,
        IEnumerable<KeyValuePair<int, string>>? controlTokens = null)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(endTokens);
        EndTokens = [.. endTokens];
        _tokens = [.. tokens];
        for (int id = 0; id < _tokens.Length; id++)
        {
            // No text has these bytes; tokens of single bytes must not put a control token together.
            if (_tokens[id].Span.ContainsAny(ControlStart, ControlEnd))
            {
                _tokens[id] = default;
            }
        }

        foreach ((int id, string text) in controlTokens ?? [])
        {
            _tokens[id] = ControlBytes(text);
        }

        foreach (int end in EndTokens)
        {
            _tokens[end] = default;
        }

        _sameToken = new int[_tokens.Length];
        int[] order = [.. Enumerable.Range(0, _tokens.Length).Where(id => !_tokens[id].IsEmpty)];
        Array.Sort(
            order, (a, b) => _tokens[a].Span.SequenceCompareTo(_tokens[b].Span) is var difference and not 0 ? difference : a.CompareTo(b));
        Build(order);
    }

    /// <summary>The number of tokens.</summary>
    public int VocabSize => _tokens.Length;

    /// <summary>Bytes of the longest token.</summary>
    public int MaxLength { get; private set; }

    internal IReadOnlyList<int> EndTokens { get; }

    internal int NodeCount => _bytes.Count;

    /// <summary>What stands for a control token among the bytes of a text.</summary>
    internal static byte[] ControlBytes(string token) => [ControlStart, .. System.Text.Encoding.UTF8.GetBytes(token), ControlEnd];

    internal ReadOnlySpan<byte> Bytes(int token) => _tokens[token].Span;

    internal (byte Value, int Depth, int End) Node(int index) => (_bytes[index], _depths[index], _ends[index]);

    /// <summary>Sets the bits of the tokens that end at a node.</summary>
    internal void SetBits(int node, Span<uint> mask)
    {
        for (int token = _firstToken[node]; token >= 0; token = _sameToken[token])
        {
            mask[token >> 5] |= 1u << token;
        }
    }

    /// <summary>Begins a way from the root.</summary>
    internal Walk Begin() => new(this);

    private void Build(int[] order)
    {
        var path = new Stack<int>();
        ReadOnlySpan<byte> previous = [];
        foreach (int token in order)
        {
            ReadOnlySpan<byte> bytes = _tokens[token].Span;
            int shared = previous.CommonPrefixLength(bytes);
            Close(path, shared);
            for (int depth = shared; depth < bytes.Length; depth++)
            {
                path.Push(_bytes.Count);
                _bytes.Add(bytes[depth]);
                _depths.Add(depth);
                _ends.Add(0);
                _firstToken.Add(-1);
            }

            _sameToken[token] = _firstToken[path.Peek()];
            _firstToken[path.Peek()] = token;
            MaxLength = Math.Max(MaxLength, bytes.Length);
            previous = bytes;
        }

        Close(path, 0);
    }

    private void Close(Stack<int> path, int depth)
    {
        while (path.Count > depth)
        {
            _ends[path.Pop()] = _bytes.Count;
        }
    }

    /// <summary>A way through the tree, byte by byte.</summary>
    internal struct Walk(TokenTrie trie)
    {
        private int _first;
        private int _end = trie.NodeCount;

        /// <summary>The longest token on the way; null: none has ended.</summary>
        public int? Token { get; private set; }

        /// <summary>Goes on with a byte.</summary>
        /// <returns>False: no token goes on so.</returns>
        public bool TryStep(byte value)
        {
            for (int node = _first; node < _end; node = trie._ends[node])
            {
                if (trie._bytes[node] == value)
                {
                    (_first, _end) = (node + 1, trie._ends[node]);
                    Token = trie._firstToken[node] >= 0 ? trie._firstToken[node] : Token;
                    return true;
                }
            }

            return false;
        }
    }
}
