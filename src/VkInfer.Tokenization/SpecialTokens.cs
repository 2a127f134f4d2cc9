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

/// <summary>Finds special tokens in text: the leftmost first, and the longest of those that begin at the same place.</summary>
internal sealed class SpecialTokens
{
    private readonly Vocabulary _vocabulary;
    private readonly Finder _userDefined;
    private readonly Finder _all;

    public SpecialTokens(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _userDefined = new Finder(vocabulary, kind => kind is TokenKind.UserDefined);
        _all = new Finder(vocabulary, kind => kind is TokenKind.UserDefined or TokenKind.Control or TokenKind.Unknown);
    }

    /// <summary>Finds the first special token; false where the rest of the text has none.</summary>
    public bool TryFind(ReadOnlySpan<char> text, SpecialTokenScope scope, out int start, out int length, out int id)
    {
        start = length = id = 0;
        var finder = scope switch
        {
            SpecialTokenScope.All => _all,
            SpecialTokenScope.UserDefined => _userDefined,
            _ => null,
        };
        if (finder?.Values is not { } values)
        {
            return false;
        }

        start = text.IndexOfAny(values);
        if (start < 0)
        {
            return false;
        }

        foreach (var candidate in finder.Lengths)
        {
            if (candidate <= text.Length - start
                && _vocabulary.TryGetId(text.Slice(start, candidate), out id)
                && finder.Contains(id))
            {
                length = candidate;
                return true;
            }
        }

        return false;
    }

    private sealed class Finder
    {
        private readonly HashSet<int> _ids = [];

        public Finder(Vocabulary vocabulary, Func<TokenKind, bool> belongs)
        {
            for (var id = 0; id < vocabulary.Count; id++)
            {
                if (vocabulary.Texts[id] is not null && belongs(vocabulary.Kinds[id]))
                {
                    _ids.Add(id);
                }
            }

            var texts = _ids.Select(id => vocabulary.Texts[id]!).ToArray();
            Values = texts.Length == 0 ? null : SearchValues.Create(texts, StringComparison.Ordinal);
            Lengths = [.. texts.Select(text => text.Length).Distinct().OrderDescending()];
        }

        public SearchValues<string>? Values { get; }

        /// <summary>The lengths that occur, the longest first.</summary>
        public int[] Lengths { get; }

        public bool Contains(int id) => _ids.Contains(id);
    }
}
