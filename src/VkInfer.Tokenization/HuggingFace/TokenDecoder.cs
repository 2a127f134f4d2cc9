using System.Text;
using System.Text.Unicode;

namespace VkInfer.Tokenization;

/// <summary>
/// The <c>decoder</c> of a <c>tokenizer.json</c>, as far as it looks at one token at a time and at whether it is the first: what stands
/// for a token in text, and what is dropped where a text begins. So are all decoders of language models; others are refused.
/// </summary>
internal sealed class TokenDecoder
{
    /// <summary>A change of a token's text.</summary>
    private delegate string Change(string token, bool isFirst);

    private readonly List<Change> _changes = [];

    /// <summary>Changes behind ByteFallback, which see a run of bytes as one token.</summary>
    private readonly List<Change> _changesOfRuns = [];

    private bool _isByteLevel;
    private bool _hasByteTokens;

    /// <summary>Whether the tokens are one text from here on, and no step sees them singly.</summary>
    private bool _isJoined;

    /// <summary>Whether the first token of a text stands for something else than later ones.</summary>
    public bool HasFirstForm { get; private set; }

    /// <summary>The character that is dropped where a text begins.</summary>
    public string Dropped { get; private set; } = " ";

    /// <summary>How often it is dropped at most.</summary>
    public int DroppedCount { get; private set; }

    /// <summary>Reads a decoder. Without one, tokens are joined by spaces.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static TokenDecoder Read(JsonField? node)
    {
        var decoder = new TokenDecoder();
        if (node is { } present)
        {
            decoder.Add(present);
        }
        else
        {
            decoder.HasFirstForm = true;
            decoder._changes.Add((token, isFirst) => isFirst ? token : " " + token);
        }

        return decoder;
    }

    /// <summary>Whether a token is a byte, which becomes text with the bytes beside it.</summary>
    public bool TryGetByte(string token, bool isFirst, out byte value)
    {
        value = 0;
        return _hasByteTokens && SentencePieceVocabulary.TryParseByte(Apply(_changes, token, isFirst), out value);
    }

    /// <summary>Appends what a run of bytes stands for: its text, or U+FFFD for each byte where the run is no UTF-8.</summary>
    /// <remarks>Source: tokenizers, decoders/byte_fallback.rs.</remarks>
    public void AppendRun(ReadOnlySpan<byte> run, bool isFirst, List<byte> bytes)
    {
        if (Utf8.IsValid(run))
        {
            AppendText(Apply(_changesOfRuns, Encoding.UTF8.GetString(run), isFirst), bytes);
            return;
        }

        for (int i = 0; i < run.Length; i++)
        {
            AppendText(Apply(_changesOfRuns, "\uFFFD", isFirst && i == 0), bytes);
        }
    }

    /// <summary>Appends what a token stands for.</summary>
    /// <param name="token">Its text.</param>
    /// <param name="isFirst">Whether it is the first token of a text.</param>
    /// <param name="bytes">Receives the bytes.</param>
    public void Append(string token, bool isFirst, List<byte> bytes)
    {
        if (TryGetByte(token, isFirst, out byte value))
        {
            bytes.Add(value);
            return;
        }

        AppendText(Apply(_changesOfRuns, Apply(_changes, token, isFirst), isFirst), bytes);
    }

    private static string Apply(List<Change> changes, string token, bool isFirst)
    {
        foreach (Change change in changes)
        {
            token = change(token, isFirst);
        }

        return token;
    }

    private void AddChange(Change change) => (_hasByteTokens ? _changesOfRuns : _changes).Add(change);

    private void AppendText(string token, List<byte> bytes)
    {
        if (!_isByteLevel || !ByteLevelAlphabet.TryDecode(token, bytes))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(token));
        }
    }

    private void Add(JsonField node)
    {
        switch (node.Type)
        {
            case "Sequence":
                foreach (JsonField step in node.Required("decoders").Items())
                {
                    Add(step);
                }

                break;
            case "ByteLevel":
                _isByteLevel = true;
                _isJoined = true;
                break;
            case "ByteFallback":
                _hasByteTokens = true;
                break;
            case "Fuse":
                _isJoined = true;
                break;
            case "Replace":
                AddReplacement(node);
                break;
            case "Strip":
                AddStrip(node);
                break;
            case "Metaspace":
                AddMetaspace(node);
                break;
            case "WordPiece":
                AddWordPiece(node);
                break;
            default:
                throw node.Required("type").Wrong("one of Sequence, ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece");
        }
    }

    private void AddReplacement(JsonField node)
    {
        JsonField place = node.Required("pattern");
        string content = node.Required("content").AsString();
        JsonField? literal = place.Optional("String");
        if (literal is { } old && content.Length > old.AsString().Length)
        {
            // Longer ones would let a vocabulary grow without bound while it is decoded.
            throw old.Wrong("a text that is at least as long as its replacement");
        }

        if (literal is null && content.Length > 1)
        {
            throw node.Required("content").Wrong("at most one character for an expression");
        }

        if (_isJoined && (_isByteLevel || literal is not { } single || single.AsString().Length != 1))
        {
            throw place.Wrong("one character behind Fuse, or a place before it");
        }

        var normalizer = new ReplaceNormalizer(Pattern.Read(place), content, place.Place);
        AddChange((token, _) => normalizer.Apply(token));
    }

    private void AddStrip(JsonField node)
    {
        string content = node.Required("content").AsString();
        (int start, int stop) = (node.Required("start").AsInt(), node.Required("stop").AsInt());
        bool isOne = content is [_] || (content is [var high, var low] && char.IsSurrogatePair(high, low));
        if (!isOne)
        {
            throw node.Required("content").Wrong("one character");
        }

        if (!_isJoined)
        {
            AddChange((token, _) => Strip(token, content, start, stop));
            return;
        }

        if (stop != 0)
        {
            throw node.Required("stop").Wrong("0 behind Fuse");
        }

        if (DroppedCount > 0 && start > 0)
        {
            throw node.Wrong("one Strip behind Fuse");
        }

        (Dropped, DroppedCount) = start > 0 ? (content, start) : (Dropped, DroppedCount);
    }

    private static string Strip(string token, string content, int start, int stop)
    {
        int from = 0;
        for (int i = 0; i < start && string.CompareOrdinal(token, from, content, 0, content.Length) == 0 && from < token.Length; i++)
        {
            from += content.Length;
        }

        int end = token.Length;
        for (int i = 0; i < stop && end - content.Length >= from
            && string.CompareOrdinal(token, end - content.Length, content, 0, content.Length) == 0; i++)
        {
            end -= content.Length;
        }

        return token[from..end];
    }

    /// <summary>Spaces for what stands for them, and none in the first token where one was put in front.</summary>
    private void AddMetaspace(JsonField node)
    {
        (char replacement, string scheme) = SplitterReader.MetaspaceFields(node);
        if (_isJoined)
        {
            throw node.Wrong("a place before Fuse and ByteLevel");
        }

        bool dropsFirst = scheme != "never";
        HasFirstForm |= dropsFirst;
        string old = replacement.ToString();
        AddChange((token, isFirst) => token.Replace(old, isFirst && dropsFirst ? "" : " ", StringComparison.Ordinal));
    }

    /// <summary>A space before each token that does not go on with the word before.</summary>
    private void AddWordPiece(JsonField node)
    {
        if (_isJoined)
        {
            throw node.Wrong("a place before Fuse and ByteLevel");
        }

        string prefix = node.String("prefix", "##");
        bool cleansUp = node.Bool("cleanup", true);
        HasFirstForm = true;
        AddChange((token, isFirst) =>
        {
            string text = isFirst ? token
                : token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            return cleansUp ? CleanUp(text) : text;
        });
    }

    private static string CleanUp(string text)
    {
        (string Old, string New)[] steps =
        [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
            (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ];
        return steps.Aggregate(text, (current, step) => current.Replace(step.Old, step.New, StringComparison.Ordinal));
    }
}
