using System.Buffers;

namespace VkInfer.Tokenization;

/// <summary>Which tokens may be recognised by their text, as opposed to being the result of merges.</summary>
internal enum SpecialTokenScope
{
    /// <summary>None: all text is ordinary text.</summary>
    None,

    /// <summary>Only those that the vocabulary's author declared as user defined.</summary>
    UserDefined,

    /// <summary>Control tokens too: for text that is trusted.</summary>
    All,
}

/// <summary>A token that is recognised by its text.</summary>
/// <param name="Text">The text; not empty.</param>
/// <param name="Id">The token.</param>
/// <param name="IsControl">Whether only trusted text may contain it.</param>
/// <param name="StripLeft">Whether white space in front belongs to it.</param>
/// <param name="StripRight">Whether white space behind belongs to it.</param>
/// <param name="SingleWord">Whether it must not stand within a word.</param>
internal readonly record struct SpecialToken(
    string Text, int Id, bool IsControl, bool StripLeft = false, bool StripRight = false, bool SingleWord = false)
{
    /// <summary>
    /// Whether it means something to a chat in any case: a control token, or one that looks like a control token, which some files give
    /// the wrong kind.
    /// </summary>
    public bool IsMarker => IsControl || LooksLikeControl(Text);

    /// <summary><c>&lt;|…|&gt;</c>, also with full-width bars.</summary>
    public static bool LooksLikeControl(string text) => text is ['<', '|' or '\uFF5C', _, .., '|' or '\uFF5C', '>'];
}

/// <summary>The special tokens of a vocabulary, prepared for each scope.</summary>
internal sealed class SpecialTokens
{
    private readonly SpecialTokenFinder _userDefined;
    private readonly SpecialTokenFinder _all;

    /// <summary>Prepares the search.</summary>
    public SpecialTokens(IReadOnlyList<SpecialToken> tokens)
    {
        Tokens = tokens;
        _userDefined = new SpecialTokenFinder(tokens.Where(token => !token.IsControl));
        _all = new SpecialTokenFinder(tokens);
    }

    /// <summary>The tokens.</summary>
    public IReadOnlyList<SpecialToken> Tokens { get; }

    /// <summary>The tokens that a vocabulary's types declare as special.</summary>
    public static SpecialTokens Of(Vocabulary vocabulary) => new(
    [
        .. from id in Enumerable.Range(0, vocabulary.Count)
           let kind = vocabulary.Kinds[id]
           where vocabulary.Texts[id] is { Length: > 0 } && kind is TokenKind.UserDefined or TokenKind.Control or TokenKind.Unknown
           where kind is not TokenKind.UserDefined || !IsSpaces(vocabulary.Texts[id]!)
           select new SpecialToken(vocabulary.Texts[id]!, id, kind is not TokenKind.UserDefined),
    ]);

    /// <summary>Whether a token stands for spaces, which are ▁ only once text is normalised: it is found then.</summary>
    private static bool IsSpaces(string text) => text.AsSpan().IndexOfAnyExcept(SentencePieceNormalizer.Space) < 0;

    /// <summary>The search for a scope; null where nothing is to be found.</summary>
    public SpecialTokenFinder? In(SpecialTokenScope scope) => scope switch
    {
        SpecialTokenScope.All => _all,
        SpecialTokenScope.UserDefined => _userDefined,
        _ => null,
    };
}

/// <summary>
/// Finds special tokens in text: the leftmost first, and the longest of those that begin at the same place; a word of its own that stands
/// within another is passed over. Source: tokenizers, added_vocabulary.rs.
/// </summary>
internal sealed class SpecialTokenFinder
{
    private readonly PrefixTable<SpecialToken> _tokens;
    private readonly SearchValues<char> _first;

    public SpecialTokenFinder(IEnumerable<SpecialToken> tokens)
    {
        _tokens = new PrefixTable<SpecialToken>(tokens.Select(token => KeyValuePair.Create(token.Text, token)));
        _first = SearchValues.Create([.. _tokens.FirstCharacters]);
    }

    /// <summary>Cuts a text at its special tokens.</summary>
    /// <param name="text">Well-formed text.</param>
    /// <param name="stretches">Receives all of the text in order; the id is -1 where it is no token. Text stretches are not empty.</param>
    public void Cut(ReadOnlySpan<char> text, List<(int Start, int Length, int Id)> stretches)
    {
        int end = 0;
        for (int from = 0; !_tokens.IsEmpty && from < text.Length;)
        {
            int next = text[from..].IndexOfAny(_first);
            if (next < 0)
            {
                break;
            }

            int at = from + next;
            if (!_tokens.TryLongest(text[at..], out string match, out SpecialToken token))
            {
                from = at + 1;
                continue;
            }

            from = at + match.Length;
            if (token.SingleWord && IsWithinWord(text, at, match.Length))
            {
                continue;
            }

            (int start, int stop) = Extend(text, at, from, token);
            if (token.StripLeft)
            {
                start = Math.Max(start, end);
            }

            if (start > end)
            {
                stretches.Add((end, start - end, -1));
            }

            // White space that the token before has taken is none to take again.
            if (stop > start)
            {
                stretches.Add((start, stop - start, token.Id));
            }

            end = stop;
        }

        if (end < text.Length)
        {
            stretches.Add((end, text.Length - end, -1));
        }
    }

    /// <summary>Finds the first token, whatever stands around it.</summary>
    public bool TryFindFirst(ReadOnlySpan<char> text, out int start, out int length, out int id)
    {
        for (start = 0; !_tokens.IsEmpty && start < text.Length; start++)
        {
            int next = text[start..].IndexOfAny(_first);
            if (next < 0)
            {
                break;
            }

            start += next;
            if (_tokens.TryLongest(text[start..], out string match, out SpecialToken token))
            {
                (length, id) = (match.Length, token.Id);
                return true;
            }
        }

        (length, id) = (0, -1);
        return false;
    }

    private static (int Start, int Stop) Extend(ReadOnlySpan<char> text, int start, int stop, SpecialToken token)
    {
        while (token.StripLeft && start > 0 && char.IsWhiteSpace(text[start - 1]))
        {
            start--;
        }

        while (token.StripRight && stop < text.Length && char.IsWhiteSpace(text[stop]))
        {
            stop++;
        }

        return (start, stop);
    }

    private static bool IsWithinWord(ReadOnlySpan<char> text, int start, int length)
    {
        int stop = start + length;
        int before = start == 0 ? -1
            : char.IsLowSurrogate(text[start - 1]) ? char.ConvertToUtf32(text[start - 2], text[start - 1]) : text[start - 1];
        int after = stop == text.Length ? -1
            : char.IsHighSurrogate(text[stop]) ? char.ConvertToUtf32(text[stop], text[stop + 1]) : text[stop];
        return IsWordCharacter(before) || IsWordCharacter(after);
    }

    private static bool IsWordCharacter(int c) => c >= 0 && (c is 0x200C or 0x200D || UnicodeProperties.Word.Contains(c));
}
