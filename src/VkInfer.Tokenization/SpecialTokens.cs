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

    /// <summary>All, markers only as they are written and not as normalised: for what a chat template makes of text that is not trusted.</summary>
    Template,

    /// <summary>Markers only, each exactly where its text stands.</summary>
    Markers,
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
    /// Whether it can mean something to a chat: a control token, or a user-defined one of the form <c>&lt;|…|&gt;</c>, which some files
    /// give the wrong kind.
    /// </summary>
    public bool IsMarker =>
        IsControl || (Text.StartsWith("<|", StringComparison.Ordinal) && Text.EndsWith("|>", StringComparison.Ordinal));
}

/// <summary>Finds special tokens in text: the leftmost first, and the longest of those that begin at the same place.</summary>
internal sealed class SpecialTokens
{
    private readonly Finder _userDefined;
    private readonly Finder _all;
    private readonly Finder _template;
    private readonly Finder _markers;

    /// <summary>Prepares the search.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="inTemplates">Those to find in what a chat template writes; null: the same.</param>
    public SpecialTokens(IReadOnlyList<SpecialToken> tokens, IReadOnlyList<SpecialToken>? inTemplates = null)
    {
        _userDefined = new Finder([.. tokens.Where(token => !token.IsControl)]);
        _all = new Finder(tokens);
        _template = inTemplates is null ? _all : new Finder(inTemplates);
        _markers = new Finder(
            [.. (inTemplates ?? tokens).Where(token => token.IsMarker).Select(token => new SpecialToken(token.Text, token.Id, token.IsControl))]);
    }

    /// <summary>The tokens that a vocabulary's types declare as special.</summary>
    public static SpecialTokens Of(Vocabulary vocabulary) => new(
    [
        .. from id in Enumerable.Range(0, vocabulary.Count)
           let kind = vocabulary.Kinds[id]
           where vocabulary.Texts[id] is not null && kind is TokenKind.UserDefined or TokenKind.Control or TokenKind.Unknown
           select new SpecialToken(vocabulary.Texts[id]!, id, kind is not TokenKind.UserDefined),
    ]);

    /// <summary>Finds the first special token; false where the rest of the text has none.</summary>
    public bool TryFind(ReadOnlySpan<char> text, SpecialTokenScope scope, out int start, out int length, out int id)
    {
        start = length = id = 0;
        return scope switch
        {
            SpecialTokenScope.All => _all.TryFind(text, out start, out length, out id),
            SpecialTokenScope.UserDefined => _userDefined.TryFind(text, out start, out length, out id),
            SpecialTokenScope.Template => _template.TryFind(text, out start, out length, out id),
            SpecialTokenScope.Markers => _markers.TryFind(text, out start, out length, out id),
            _ => false,
        };
    }

    private sealed class Finder
    {
        private readonly Dictionary<string, SpecialToken> _tokens;
        private readonly SearchValues<string>? _values;

        /// <summary>The lengths that occur, the longest first.</summary>
        private readonly int[] _lengths;

        public Finder(IReadOnlyList<SpecialToken> tokens)
        {
            _tokens = tokens.DistinctBy(token => token.Text).ToDictionary(token => token.Text, StringComparer.Ordinal);
            _values = tokens.Count == 0 ? null : SearchValues.Create([.. _tokens.Keys], StringComparison.Ordinal);
            _lengths = [.. _tokens.Keys.Select(text => text.Length).Distinct().OrderDescending()];
        }

        public bool TryFind(ReadOnlySpan<char> text, out int start, out int length, out int id)
        {
            start = length = id = 0;
            if (_values is null)
            {
                return false;
            }

            for (var from = 0; from < text.Length; from++)
            {
                var found = text[from..].IndexOfAny(_values);
                if (found < 0)
                {
                    return false;
                }

                from += found;
                if (TryMatch(text, from, out var token))
                {
                    (start, length) = Extend(text, from, token);
                    id = token.Id;
                    return true;
                }
            }

            return false;
        }

        private bool TryMatch(ReadOnlySpan<char> text, int start, out SpecialToken token)
        {
            var lookup = _tokens.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (var length in _lengths)
            {
                if (length <= text.Length - start && lookup.TryGetValue(text.Slice(start, length), out token)
                    && !(token.SingleWord && IsWithinWord(text, start, length)))
                {
                    return true;
                }
            }

            token = default;
            return false;
        }

        private static (int Start, int Length) Extend(ReadOnlySpan<char> text, int start, SpecialToken token)
        {
            var end = start + token.Text.Length;
            while (token.StripLeft && start > 0 && char.IsWhiteSpace(text[start - 1]))
            {
                start--;
            }

            while (token.StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            return (start, end - start);
        }

        private static bool IsWithinWord(ReadOnlySpan<char> text, int start, int length) =>
            (start > 0 && IsWordCharacter(text[start - 1])) || (start + length < text.Length && IsWordCharacter(text[start + length]));

        private static bool IsWordCharacter(char c) => char.IsLetterOrDigit(c) || c == '_';
    }
}
