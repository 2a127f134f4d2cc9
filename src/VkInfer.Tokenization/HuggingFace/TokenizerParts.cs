using System.Text;
using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>The parts of a <c>tokenizer.json</c>, read and checked, from which the tokenizer is put together.</summary>
internal sealed class TokenizerParts
{
    /// <summary>Deeper nesting has no tokenizer, and would cost stack.</summary>
    private const int MaxDepth = 32;

    private readonly SortedDictionary<int, string> _tokens = [];
    private readonly Dictionary<int, float> _scores = [];
    private readonly bool _hasByteFallback;
    private readonly bool _fusesUnknown;
    private readonly string? _unknownText;
    private readonly int? _unknownId;

    private TokenizerParts(JsonField root)
    {
        var model = root.Required("model");
        IsUnigram = ReadIsUnigram(model);
        if (IsUnigram)
        {
            ReadScoredPieces(model.Required("vocab"));
            _unknownId = model.Optional("unk_id")?.AsInt(0, _tokens.Count - 1);
        }
        else
        {
            RefuseAffixes(model);
            ReadVocabulary(model.Required("vocab"));
            Merges = ReadMerges(model.Required("merges"));
            _unknownText = model.Optional("unk_token")?.AsString();
        }

        _hasByteFallback = model.Bool("byte_fallback", false);
        _fusesUnknown = model.Bool("fuse_unk", false);
        IgnoresMerges = model.Bool("ignore_merges", false);
        AddedTokens = root.Optional("added_tokens") is { } added ? WithIdsOfModel([.. added.Items().Select(AddedToken.Read)]) : [];
        Normalizer = root.Optional("normalizer") is { } normalizer ? NormalizerReader.Read(normalizer) : null;
        Splitter = root.Optional("pre_tokenizer") is { } splitter ? SplitterReader.Read(splitter) : null;
        Decoder = TokenDecoder.Read(root.Optional("decoder"));
        PostProcessor = PostProcessor.Read(root.Optional("post_processor"));
        Layout = TokenizerLayout.Of(root, IsUnigram, _hasByteFallback);
    }

    public bool IsUnigram { get; }

    public bool IgnoresMerges { get; }

    public IReadOnlyList<(string Left, string Right)> Merges { get; } = [];

    public IReadOnlyList<AddedToken> AddedTokens { get; }

    public Normalizer? Normalizer { get; }

    public Splitter? Splitter { get; }

    public TokenDecoder Decoder { get; }

    public PostProcessor PostProcessor { get; }

    /// <summary>How GGUF names what this tokenizer does, as far as it has a name for it.</summary>
    public TokenizerLayout Layout { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="TokenizerException">It is no JSON, a field is wrong, or a part is of a kind that is not supported.</exception>
    public static TokenizerParts Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return new TokenizerParts(new JsonField(document.RootElement, ""));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new TokenizerException("tokenizer.json", "valid JSON", TokenizerException.Show(exception.Message));
        }
    }

    /// <summary>The vocabulary with its added tokens, without settings of other files.</summary>
    public TokenizerData ToData()
    {
        foreach (var token in AddedTokens)
        {
            if (_tokens.TryGetValue(token.Id, out var text) && text != token.Text)
            {
                throw new TokenizerException(
                    "added_tokens", $"for id {token.Id} the text of the vocabulary, {TokenizerException.Show(text)}", TokenizerException.Show(token.Text));
            }

            _tokens[token.Id] = token.Text;
        }

        // Ids may leave gaps, but a file must not make a list longer than itself.
        var count = _tokens.Count == 0 ? 0 : _tokens.Keys.Last() + 1L;
        if (count > (2L * _tokens.Count) + 1024)
        {
            throw new TokenizerException("model.vocab", $"ids that {_tokens.Count} tokens need", $"{count - 1}");
        }

        var texts = new byte[count][];
        Array.Fill(texts, []);
        var types = new int[count];
        foreach (var (id, text) in _tokens)
        {
            texts[id] = Encoding.UTF8.GetBytes(text);
            types[id] = (int)KindOf(id, text);
        }

        foreach (var token in AddedTokens)
        {
            types[token.Id] = (int)(token.IsSpecial ? TokenKind.Control : TokenKind.UserDefined);
        }

        return new TokenizerData
        {
            Model = Layout.Model ?? "json",
            PreTokenizer = Layout.PreTokenizer,
            Tokens = texts,
            TokenTypes = types,
            Scores = Layout.Model is "llama" or "t5" ? Scores(texts) : null,
            Merges = Layout.Model is "gpt2" ? [.. Merges.Select(merge => $"{merge.Left} {merge.Right}")] : null,
            UnknownTokenId = UnknownId(),
            AddSpacePrefix = Layout.Model is "gpt2" ? null : Layout.AddsSpacePrefix,
            RemoveExtraWhitespaces = Layout.Model is "t5" ? false : null,
        };
    }

    /// <summary>The model over a checked vocabulary.</summary>
    public WordModel CreateModel(Vocabulary vocabulary)
    {
        var byteIds = SentencePieceVocabulary.ReadByteTokens(vocabulary);
        if (byteIds.Contains(-1))
        {
            Array.Fill(byteIds, -1); // Hugging Face falls back to bytes only where all of a character's are there.
        }

        if (!IsUnigram)
        {
            return new BpeModel(vocabulary, new MergeTable(vocabulary, Merges), byteIds, UnknownId(), _fusesUnknown, IgnoresMerges);
        }

        var scores = new float[vocabulary.Count];
        foreach (var (id, score) in _scores)
        {
            scores[id] = score;
        }

        return new UnigramWordModel(new UnigramModel(
            vocabulary, scores, id => _scores.ContainsKey(id) && id != _unknownId && vocabulary.Kinds[id] != TokenKind.Control), byteIds, _unknownId);
    }

    /// <summary>
    /// Added tokens with the id that the model has for their text, as Hugging Face takes them, be their own another; of those with the same
    /// text the last.
    /// </summary>
    private List<AddedToken> WithIdsOfModel(List<AddedToken> tokens)
    {
        var ids = IdsByText();
        var added = new OrderedDictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (var token in tokens)
        {
            var id = ids.TryGetValue(token.Text, out var known) ? known : added.TryGetValue(token.Text, out var before) ? before.Id : token.Id;
            added[token.Text] = token with { Id = id };
        }

        return [.. added.Values];
    }

    /// <summary>The id of each text of the model; of pieces with the same text the first.</summary>
    private Dictionary<string, int> IdsByText()
    {
        var ids = new Dictionary<string, int>(_tokens.Count, StringComparer.Ordinal);
        foreach (var (id, text) in _tokens)
        {
            ids.TryAdd(text, id);
        }

        return ids;
    }

    private int? UnknownId()
    {
        if (_unknownText is null)
        {
            return _unknownId;
        }

        foreach (var (id, text) in _tokens)
        {
            if (text == _unknownText)
            {
                return id;
            }
        }

        throw new TokenizerException("model.unk_token", "the text of a token", TokenizerException.Show(_unknownText));
    }

    private TokenKind KindOf(int id, string text) =>
        id == _unknownId || text == _unknownText ? TokenKind.Unknown
        : _hasByteFallback && SentencePieceVocabulary.TryParseByte(text, out _) ? TokenKind.Byte
        : TokenKind.Normal;

    /// <summary>The unigram's scores; for BPE minus the rank of the merge that makes a token, which orders merges alike.</summary>
    private float[] Scores(byte[][] texts)
    {
        var scores = new float[texts.Length];
        foreach (var (id, score) in _scores)
        {
            scores[id] = score;
        }

        if (!IsUnigram)
        {
            var ids = IdsByText();
            for (var rank = Merges.Count - 1; rank >= 0; rank--)
            {
                if (ids.TryGetValue(Merges[rank].Left + Merges[rank].Right, out var id))
                {
                    scores[id] = -rank;
                }
            }
        }

        return scores;
    }

    private static bool ReadIsUnigram(JsonField model) => model.Optional("type") is not { } type ? model.Required("vocab").IsArray
        : type.AsString() switch
        {
            "BPE" => false,
            "Unigram" => true,
            _ => throw type.Wrong("BPE or Unigram"),
        };

    private static void RefuseAffixes(JsonField model)
    {
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (model.Optional(name) is { } affix && affix.AsString().Length > 0)
            {
                throw affix.Wrong("an empty text");
            }
        }

        if (model.Optional("dropout") is { } dropout && dropout.AsFloat() != 0)
        {
            throw dropout.Wrong("0");
        }
    }

    private void ReadVocabulary(JsonField vocabulary)
    {
        foreach (var (text, id) in vocabulary.Fields())
        {
            if (!_tokens.TryAdd(id.AsInt(), text))
            {
                throw new TokenizerException("model.vocab", "one token per id", $"{TokenizerException.Show(text)} and another with {id.AsInt()}");
            }
        }
    }

    private void ReadScoredPieces(JsonField vocabulary)
    {
        foreach (var piece in vocabulary.Items())
        {
            if (piece.Items() is not [var text, var score])
            {
                throw piece.Wrong("a piece and its score");
            }

            _scores.Add(_tokens.Count, score.AsFloat());
            _tokens.Add(_tokens.Count, text.AsString());
        }
    }

    private static List<(string Left, string Right)> ReadMerges(JsonField merges)
    {
        var list = merges.Items();
        var pairs = new List<(string, string)>(list.Count);
        foreach (var merge in list)
        {
            if (merge.IsArray)
            {
                pairs.Add(merge.Items() is [var left, var right] ? (left.AsString(), right.AsString()) : throw merge.Wrong("two texts"));
                continue;
            }

            var parts = merge.AsString().Split(' ');
            pairs.Add(parts is [{ Length: > 0 } first, { Length: > 0 } second] ? (first, second) : throw merge.Wrong("two texts with a space between them"));
        }

        return pairs;
    }
}
