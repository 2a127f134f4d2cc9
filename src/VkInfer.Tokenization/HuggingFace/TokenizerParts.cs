using System.Text;
using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>The parts of a <c>tokenizer.json</c>, read and checked, from which the tokenizer is put together.</summary>
internal sealed class TokenizerParts
{
    /// <summary>Deeper nesting has no tokenizer, and would cost stack.</summary>
    private const int MaxDepth = 32;

    /// <summary>Time to cut a word grows with the square of its length.</summary>
    private const int MostWordCharacters = 1000;

    private readonly Dictionary<int, string> _tokens = [];
    private readonly List<double> _scores = [];
    private readonly bool _hasByteFallback;
    private readonly bool _fusesUnknown;
    private readonly string? _unknownText;
    private readonly int? _unknownId;
    private readonly ModelKind _kind;
    private readonly string _furtherPrefix = "";
    private readonly int _mostCharacters = WordPieceModel.UsualCharacters;

    private TokenizerParts(JsonField root)
    {
        JsonField model = root.Required("model");
        _kind = ReadKind(model);
        switch (_kind)
        {
            case ModelKind.Unigram:
                ReadScoredPieces(model.Required("vocab"));
                _unknownId = model.Optional("unk_id")?.AsInt(0, _tokens.Count - 1);
                break;
            case ModelKind.WordPiece:
                ReadVocabulary(model.Required("vocab"));
                _unknownText = model.String("unk_token", "[UNK]");
                _furtherPrefix = model.String("continuing_subword_prefix", "##");
                _mostCharacters = model.Optional("max_input_chars_per_word")?.AsInt(0, MostWordCharacters) ?? _mostCharacters;
                break;
            default:
                RefuseAffixes(model);
                ReadVocabulary(model.Required("vocab"));
                Merges = ReadMerges(model.Required("merges"));
                _unknownText = model.Optional("unk_token")?.AsString();
                break;
        }

        _hasByteFallback = model.Bool("byte_fallback", false);
        _fusesUnknown = model.Bool("fuse_unk", false);
        IgnoresMerges = model.Bool("ignore_merges", false);
        AddedTokens = WithIdsOfModel(ReadAddedTokens(root.Optional("added_tokens")));
        Normalizer = Limited(root, "normalizer") is { } normalizer ? NormalizerReader.Read(normalizer) : null;
        Splitter = Limited(root, "pre_tokenizer") is { } splitter ? SplitterReader.Read(splitter) : null;
        Decoder = TokenDecoder.Read(Limited(root, "decoder"));
        PostProcessor = PostProcessor.Read(root.Optional("post_processor"));
        Layout = TokenizerLayout.Of(root, IsUnigram, _hasByteFallback);
    }

    public bool IsUnigram => _kind == ModelKind.Unigram;

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
            CheckSize(json.Span);
            using var document =
                JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return new TokenizerParts(new JsonField(document.RootElement));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new TokenizerException("tokenizer.json", "valid JSON", TokenizerException.Show(exception.Message));
        }
    }

    /// <summary>The vocabulary with its added tokens, without settings of other files.</summary>
    public TokenizerData ToData()
    {
        var added = new Dictionary<int, string>();
        foreach (AddedToken token in AddedTokens)
        {
            if (!_tokens.TryGetValue(token.Id, out string? text))
            {
                added[token.Id] = token.Text;
            }
            else if (text != token.Text)
            {
                throw new TokenizerException(
                    "added_tokens", $"for id {token.Id} the text of the vocabulary, {TokenizerException.Show(text)}",
                    TokenizerException.Show(token.Text));
            }
        }

        // Ids may leave gaps, but a file must not make a list longer than itself.
        long count = _tokens.Keys.Concat(added.Keys).DefaultIfEmpty(-1).Max() + 1L;
        int known = _tokens.Count + added.Count;
        if (count > (2L * known) + 1024)
        {
            throw new TokenizerException("model.vocab", $"ids that {known} tokens need", $"{count - 1}");
        }

        TokenizerLimits.CheckCount("model.vocab", count);
        byte[][] texts = new byte[count][];
        Array.Fill(texts, []);
        int[] types = new int[count];
        foreach ((int id, string text) in _tokens.Concat(added))
        {
            texts[id] = Encoding.UTF8.GetBytes(text);
            types[id] = (int)KindOf(id, text);
        }

        foreach (AddedToken token in AddedTokens)
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
        int[] byteIds = SentencePieceVocabulary.ReadByteTokens(vocabulary);
        if (!IsUnigram)
        {
            var added = Enumerable.Range(0, vocabulary.Count).Where(id => !_tokens.ContainsKey(id)).ToHashSet();
            return _kind == ModelKind.WordPiece
                ? new WordPieceModel(vocabulary, added, "", _furtherPrefix, UnknownId()!.Value, _mostCharacters)
                : new BpeModel(vocabulary, added, new MergeTable(vocabulary, Merges), byteIds, UnknownId(), _fusesUnknown, IgnoresMerges);
        }

        // Of pieces with one text tokenizers takes the last.
        var model = new UnigramModel(
            from id in Enumerable.Range(0, _scores.Count).Reverse()
            where vocabulary.Texts[id] is { Length: > 0 }
            let isControl = id == _unknownId || vocabulary.Kinds[id] == TokenKind.Control
            select KeyValuePair.Create(vocabulary.Texts[id]!, new UnigramPiece(id, _scores[id], isControl)),
            _scores.Count == 0 ? double.PositiveInfinity : _scores.Min(),
            isSingle: false);
        return new UnigramWordModel(model, byteIds, _unknownId);
    }

    private int? UnknownId()
    {
        if (_unknownText is null)
        {
            return _unknownId;
        }

        foreach ((int id, string text) in _tokens)
        {
            if (text == _unknownText)
            {
                return id;
            }
        }

        if (AddedTokens.FirstOrDefault(token => token.Text == _unknownText) is { } added)
        {
            return added.Id;
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
        float[] scores = new float[texts.Length];
        for (int id = 0; id < _scores.Count; id++)
        {
            scores[id] = (float)_scores[id];
        }

        if (!IsUnigram)
        {
            Dictionary<string, int> ids = IdsByText();
            for (int rank = Merges.Count - 1; rank >= 0; rank--)
            {
                if (ids.TryGetValue(Merges[rank].Left + Merges[rank].Right, out int id))
                {
                    scores[id] = -rank;
                }
            }
        }

        return scores;
    }

    private static ModelKind ReadKind(JsonField model) => model.Optional("type") is not { } type
        ? model.Required("vocab").IsArray ? ModelKind.Unigram : ModelKind.Bpe
        : type.AsString() switch
        {
            "BPE" => ModelKind.Bpe,
            "Unigram" => ModelKind.Unigram,
            "WordPiece" => ModelKind.WordPiece,
            _ => throw type.Wrong("BPE, Unigram or WordPiece"),
        };

    private static void RefuseAffixes(JsonField model)
    {
        foreach (string? name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
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

    /// <summary>Counts what is in a file before anything is made of it.</summary>
    private static void CheckSize(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        for (int count = 0; reader.Read();)
        {
            if (reader.TokenType != JsonTokenType.PropertyName && ++count > TokenizerLimits.MaxJsonValues)
            {
                throw new TokenizerException("tokenizer.json", $"at most {TokenizerLimits.MaxJsonValues} values", "more");
            }
        }
    }

    /// <summary>A part whose steps are counted.</summary>
    private static JsonField? Limited(JsonField root, string name) =>
        root.Optional(name) is { } part && part.CountObjects(TokenizerLimits.MaxSteps) > TokenizerLimits.MaxSteps
            ? throw part.Wrong($"at most {TokenizerLimits.MaxSteps} steps")
            : root.Optional(name);

    private static List<AddedToken> ReadAddedTokens(JsonField? node)
    {
        if (node is not { } list)
        {
            return [];
        }

        TokenizerLimits.CheckCount(list.Place, list.Count, TokenizerLimits.MaxAddedTokens);
        return [.. list.Items().Select(AddedToken.Read)];
    }

    /// <summary>
    /// Added tokens with the id that the model has for their text, as Hugging Face takes them, be their own another; of those with the same
    /// text the last.
    /// </summary>
    private List<AddedToken> WithIdsOfModel(List<AddedToken> tokens)
    {
        Dictionary<string, int> ids = IdsByText();
        var added = new OrderedDictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (AddedToken token in tokens)
        {
            int id = ids.TryGetValue(token.Text, out int known)
                ? known
                : added.TryGetValue(token.Text, out AddedToken? before) ? before.Id : token.Id;
            added[token.Text] = token with { Id = id };
        }

        return [.. added.Values];
    }

    /// <summary>The id of each text of the model; of pieces with the same text the first.</summary>
    private Dictionary<string, int> IdsByText()
    {
        var ids = new Dictionary<string, int>(_tokens.Count, StringComparer.Ordinal);
        foreach ((int id, string text) in _tokens)
        {
            ids.TryAdd(text, id);
        }

        return ids;
    }

    private void ReadVocabulary(JsonField vocabulary)
    {
        long length = 0;
        foreach ((string text, JsonField id) in vocabulary.Fields())
        {
            TokenizerLimits.CheckCount(vocabulary.Place, _tokens.Count + 1);
            TokenizerLimits.CheckLength(vocabulary.Place, length += text.Length);
            if (!_tokens.TryAdd(id.AsInt(), text))
            {
                throw new TokenizerException(
                    "model.vocab", "one token per id", $"{TokenizerException.Show(text)} and another with {id.AsInt()}");
            }
        }
    }

    private void ReadScoredPieces(JsonField vocabulary)
    {
        TokenizerLimits.CheckCount(vocabulary.Place, vocabulary.Count);
        long length = 0;
        foreach (JsonField piece in vocabulary.Items())
        {
            if (piece.AsPair() is not var (text, score))
            {
                throw piece.Wrong("a piece and its score");
            }

            _tokens.Add(_scores.Count, text.AsString());
            TokenizerLimits.CheckLength(vocabulary.Place, length += _tokens[_scores.Count].Length);
            _scores.Add(score.AsDouble());
        }
    }

    private static List<(string Left, string Right)> ReadMerges(JsonField merges)
    {
        TokenizerLimits.CheckCount(merges.Place, merges.Count, TokenizerLimits.MaxMerges);
        var pairs = new List<(string, string)>(merges.Count);
        foreach (JsonField merge in merges.Items())
        {
            if (merge.IsArray)
            {
                pairs.Add(merge.AsPair() is var (left, right) ? (left.AsString(), right.AsString()) : throw merge.Wrong("two texts"));
                continue;
            }

            string text = merge.AsString();
            int space = text.IndexOf(' ', StringComparison.Ordinal);
            bool isPair = space > 0 && space < text.Length - 1 && text.IndexOf(' ', space + 1) < 0;
            pairs.Add(isPair ? (text[..space], text[(space + 1)..]) : throw merge.Wrong("two texts with a space between them"));
        }

        return pairs;
    }

    /// <summary>How words become tokens.</summary>
    private enum ModelKind
    {
        Bpe,
        Unigram,
        WordPiece,
    }
}
