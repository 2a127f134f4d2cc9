using System.Text;
using System.Text.Unicode;

namespace VkInfer.Tokenization;

/// <summary>The checked token table: the text, the kind and the id of each token.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;

    public Vocabulary(TokenizerData data)
    {
        ArgumentNullException.ThrowIfNull(data.Tokens);
        Raw = data.Tokens;
        if (Raw.Count == 0)
        {
            throw new TokenizerException(nameof(TokenizerData.Tokens), "at least one token", "an empty list");
        }

        TokenizerLimits.CheckCount(nameof(TokenizerData.Tokens), Raw.Count);
        TokenizerLimits.CheckLength(nameof(TokenizerData.Tokens), Raw.Sum(raw => (long)(raw?.Length ?? 0)));
        Kinds = ReadKinds(data.TokenTypes, Raw.Count);
        Texts = new string?[Raw.Count];
        _ids = new Dictionary<string, int>(Raw.Count, StringComparer.Ordinal);
        for (int id = 0; id < Raw.Count; id++)
        {
            byte[] raw = Raw[id] ?? throw new TokenizerException($"{nameof(TokenizerData.Tokens)}[{id}]", "bytes", "null");
            if (raw.Length == 0)
            {
                continue;
            }

            if (Utf8.IsValid(raw))
            {
                string text = Encoding.UTF8.GetString(raw);
                Texts[id] = text;

                // Published files have texts twice. Both tokens decode; text becomes the first, but rather an ordinary than a control
                // token.
                if (!_ids.TryAdd(text, id) && Kinds[_ids[text]] is TokenKind.Control or TokenKind.Unused
                    && Kinds[id] is not TokenKind.Control)
                {
                    _ids[text] = id;
                }
            }
        }
    }

    /// <summary>The token texts as they came.</summary>
    public IReadOnlyList<byte[]> Raw { get; }

    /// <summary>The token texts; null where a token is empty or no valid UTF-8, and thus never the result of encoding.</summary>
    public string?[] Texts { get; }

    public TokenKind[] Kinds { get; }

    public int Count => Raw.Count;

    public bool TryGetId(string text, out int id) => _ids.TryGetValue(text, out id);

    public bool TryGetId(ReadOnlySpan<char> text, out int id) =>
        _ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out id);

    /// <summary>The same, without control tokens: those never come out of text.</summary>
    public bool TryGetTextId(ReadOnlySpan<char> text, out int id) => TryGetId(text, out id) && Kinds[id] != TokenKind.Control;

    /// <summary>Checks a special token id; -1 is GGUF's way to say that there is none.</summary>
    public int? CheckId(string field, int? id)
    {
        if (id is null or -1)
        {
            return null;
        }

        return (uint)id.Value < (uint)Count ? id : throw new TokenizerException(field, $"a token id in 0..{Count - 1}", $"{id}");
    }

    private static TokenKind[] ReadKinds(int[]? types, int count)
    {
        var kinds = new TokenKind[count];
        if (types is null)
        {
            Array.Fill(kinds, TokenKind.Normal);
            return kinds;
        }

        if (types.Length != count)
        {
            throw new TokenizerException(nameof(TokenizerData.TokenTypes), $"{count} entries, one per token", $"{types.Length}");
        }

        for (int id = 0; id < count; id++)
        {
            if (types[id] is < (int)TokenKind.Undefined or > (int)TokenKind.Byte)
            {
                throw new TokenizerException($"{nameof(TokenizerData.TokenTypes)}[{id}]", "a type in 0..6", $"{types[id]}");
            }

            kinds[id] = types[id] == (int)TokenKind.Undefined ? TokenKind.Normal : (TokenKind)types[id];
        }

        return kinds;
    }
}
