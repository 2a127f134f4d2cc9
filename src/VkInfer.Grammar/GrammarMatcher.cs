using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Tokens;

namespace VkInfer.Grammar;

/// <summary>How far one text has come in a grammar, token by token. Not thread-safe.</summary>
public sealed class GrammarMatcher
{
    private readonly TokenMasks _masks;
    private readonly bool _allowEnd;
    private ConfigurationSet _set;

    /// <summary>Starts with an empty text.</summary>
    /// <param name="masks">The grammar and the vocabulary.</param>
    /// <param name="allowEnd">Whether a token that ends the text may follow where the grammar allows the text to end.</param>
    public GrammarMatcher(TokenMasks masks, bool allowEnd = true)
    {
        ArgumentNullException.ThrowIfNull(masks);
        _masks = masks;
        _allowEnd = allowEnd;
        _set = masks.Start();
    }

    private GrammarMatcher(GrammarMatcher other) => (_masks, _allowEnd, _set) = (other._masks, other._allowEnd, other._set);

    /// <summary>Whether the text so far matches.</summary>
    public bool IsMatch => _set.Accepts;

    /// <summary>Whether the text so far matches, and nothing may follow.</summary>
    public bool IsComplete => _set.Accepts && _set.Configurations.Length == 0;

    /// <summary>A second matcher, which stands where this one does and goes its own way.</summary>
    public GrammarMatcher Fork() => new(this);

    /// <summary>
    /// The token that likely follows where only one text may: the longest that is a beginning of it. Shorter ones may spell it, too.
    /// </summary>
    /// <returns>Null: several texts may follow, or the text may end.</returns>
    /// <exception cref="GrammarException">A limit is passed.</exception>
    public int? FindForcedToken() => _masks.Forced(_set);

    /// <summary>Says which tokens may follow.</summary>
    /// <param name="mask">Receives a bit per token, the lowest of each word first; bits beyond the vocabulary become 0.</param>
    /// <param name="cancellationToken">Ends the work; the matcher stands where it stood.</param>
    /// <exception cref="GrammarException">None may: the vocabulary lacks what the grammar asks for; or a limit is passed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void FillMask(Span<uint> mask, CancellationToken cancellationToken = default)
    {
        uint[] text = _masks.Mask(_set, cancellationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(mask.Length, text.Length);
        text.CopyTo(mask);
        mask[text.Length..].Clear();
        if (_allowEnd && _set.Accepts)
        {
            foreach (int token in _masks.Trie.EndTokens)
            {
                mask[token >> 5] |= 1u << token;
            }
        }

        if (!mask.ContainsAnyExcept(0u))
        {
            throw new GrammarException("", "no token of the model's vocabulary can go on as the grammar asks");
        }
    }

    /// <summary>Goes on with a token.</summary>
    /// <param name="token">One that the mask allows.</param>
    /// <exception cref="ArgumentException">The mask does not allow it; the matcher stands where it stood.</exception>
    public void Accept(int token)
    {
        if ((uint)token >= (uint)_masks.Trie.VocabSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(token), token, $"Token id outside the vocabulary of {_masks.Trie.VocabSize} tokens.");
        }

        bool isText = !_masks.Trie.Bytes(token).IsEmpty;
        ConfigurationSet next = isText ? _masks.Step(_set, token) : _set;
        bool isAllowed = isText ? !next.IsDead : _allowEnd && _set.Accepts && _masks.Trie.EndTokens.Contains(token);
        if (!isAllowed)
        {
            throw new ArgumentException($"Token {token} is none that the grammar allows here.", nameof(token));
        }

        _set = next;
    }
}
