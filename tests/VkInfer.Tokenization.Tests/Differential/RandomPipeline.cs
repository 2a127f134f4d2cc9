using System.Text.Json;
using System.Text.Json.Nodes;

namespace VkInfer.Tokenization.Tests;

/// <summary>A random <c>tokenizer.json</c>: normalizer, pre-tokenizer, model, decoder and added tokens, each of any kind.</summary>
internal sealed class RandomPipeline
{
    private readonly Random _random;
    private readonly bool _isByteLevel;
    private readonly JsonObject? _normalizer;
    private readonly int[] _byteIds;
    private readonly int _tokenCount;

    public RandomPipeline(int seed)
    {
        _random = new Random(seed);
        _isByteLevel = _random.Next(2) == 0;
        _normalizer = Normalizer();
        Json = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = null,
            ["normalizer"] = _normalizer,
            ["pre_tokenizer"] = PreTokenizer(),
            ["post_processor"] = null,
            ["decoder"] = Decoder(),
            ["model"] = _random.Next(4) switch
            {
                0 when !_isByteLevel => Unigram(),
                1 when !_isByteLevel => WordPiece(),
                _ => Bpe(),
            },
        };
        Json["added_tokens"] = AddedTokens();
        JsonNode vocabulary = Json["model"]!["vocab"]!;
        List<string> texts = vocabulary is JsonArray pieces
            ? [.. pieces.Select(piece => piece![0]!.GetValue<string>())]
            : [.. vocabulary.AsObject().Select(token => token.Key)];
        _byteIds = [.. Enumerable.Range(0, texts.Count).Where(id => texts[id] is ['<', '0', 'x', _, _, '>'])];
        _tokenCount = texts.Count + Json["added_tokens"]!.AsArray().Count(token => token!["id"]!.GetValue<int>() >= texts.Count);
    }

    /// <summary>The file.</summary>
    public JsonObject Json { get; }

    /// <summary>The texts of its special tokens.</summary>
    public List<string> Specials { get; } = [];

    /// <summary>Any token, bytes above all where there are some.</summary>
    public int RandomId(Random random) => _byteIds.Length > 0 && random.Next(3) > 0
        ? _byteIds[random.Next(_byteIds.Length)]
        : random.Next(_tokenCount);

    /// <summary>The file as bytes.</summary>
    public byte[] Bytes => JsonSerializer.SerializeToUtf8Bytes(Json);

    /// <summary>The file with no token special, which shows what decoding without leaving any out gives.</summary>
    public byte[] BytesWithoutSpecials
    {
        get
        {
            JsonObject copy = JsonNode.Parse(Bytes)!.AsObject();
            foreach (JsonNode? token in copy["added_tokens"]!.AsArray())
            {
                token!["special"] = false;
            }

            return JsonSerializer.SerializeToUtf8Bytes(copy);
        }
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private T Any<T>(params T[] values) => values[_random.Next(values.Length)];

    private JsonObject? Normalizer()
    {
        if (_random.Next(3) == 0)
        {
            return null;
        }

        if (_random.Next(3) > 0)
        {
            return NormalizerStep();
        }

        return new JsonObject
        {
            ["type"] = "Sequence",
            ["normalizers"] = new JsonArray([.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => NormalizerStep())]),
        };
    }

    private JsonObject NormalizerStep()
    {
        switch (_random.Next(12))
        {
            case 0:
                return new JsonObject { ["type"] = Any("NFC", "NFD", "NFKC", "NFKD") };
            case 1:
                return new JsonObject { ["type"] = Any("Lowercase", "StripAccents", "Nmt") };
            case 2:
                return Parse($$"""{"type":"Strip","strip_left":{{Any("true", "false")}},"strip_right":{{Any("true", "false")}}}""");
            case 3:
                return Parse("""{"type":"Prepend","prepend":"▁"}""");
            case 4 or 5 or 6:
                return Parse("""{"type":"Replace","pattern":{"String":" "},"content":"▁"}""");
            case 7:
                return new JsonObject
                {
                    ["type"] = "Replace",
                    ["pattern"] = new JsonObject { ["Regex"] = Any(" {2,}", "^ +| +$", "[12]+", "a+(?!b)", "\\s", "\\p{Han}", "\\n+") },
                    ["content"] = Any("", " ", "1", "ab"),
                };
            case 8:
                return new JsonObject
                {
                    ["type"] = "Replace",
                    ["pattern"] = new JsonObject { ["String"] = Any("a", "ab", "''", "\n", "é") },
                    ["content"] = Any("", "b", "xy"),
                };
            case 9:
                return Parse($$"""
                    {"type":"BertNormalizer","clean_text":{{Any("true", "false")}},"handle_chinese_chars":{{Any("true", "false")}},
                    "strip_accents":{{Any("true", "false", "null")}},"lowercase":{{Any("true", "false")}}}
                    """);
            default:
                return new JsonObject { ["type"] = Any("NFC", "NFKC") };
        }
    }

    private JsonNode? PreTokenizer()
    {
        var steps = new JsonArray();
        for (int count = _random.Next(_isByteLevel ? 3 : 4); count > 0; count--)
        {
            steps.Add(PreTokenizerStep());
        }

        if (_isByteLevel)
        {
            steps.Add(Parse($$"""
                {"type":"ByteLevel","add_prefix_space":{{Any("true", "false")}},"trim_offsets":true,"use_regex":{{Any("true", "false")}}}
                """));
        }

        return steps.Count switch
        {
            0 => null,
            1 => steps[0]!.DeepClone(),
            _ => new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = steps },
        };
    }

    private JsonObject PreTokenizerStep()
    {
        string behavior = Any("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");
        switch (_random.Next(14))
        {
            case 0:
                return new JsonObject { ["type"] = Any("Whitespace", "WhitespaceSplit", "BertPreTokenizer") };
            case 1:
                return new JsonObject { ["type"] = "Punctuation", ["behavior"] = behavior };
            case 2:
                return Parse($$"""{"type":"Digits","individual_digits":{{Any("true", "false")}}}""");
            case 3 when !_isByteLevel:
            case 4 when !_isByteLevel:
                return Parse($$"""
                    {"type":"Metaspace","replacement":"▁","prepend_scheme":"{{Scheme()}}","split":{{Any("true", "false")}}}
                    """);
            case 5:
                return new JsonObject { ["type"] = "CharDelimiterSplit", ["delimiter"] = Any(" ", "/", "漢", "🦙") };
            case 6:
                return new JsonObject { ["type"] = "FixedLength", ["length"] = _random.Next(1, 6) };
            case 7:
                return new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["String"] = Any(" ", "a", "ab", "", "\n", ".", "🦙") },
                    ["behavior"] = behavior,
                    ["invert"] = _random.Next(2) == 0,
                };
            default:
                return new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = RandomExpression.Create(_random) },
                    ["behavior"] = behavior,
                    ["invert"] = _random.Next(2) == 0,
                };
        }
    }

    /// <summary>Where text begins is another question for the other side once characters have become several, or gone.</summary>
    private string Scheme() => _normalizer is null ? Any("always", "first", "never") : Any("always", "never");

    private JsonObject? Decoder()
    {
        if (_isByteLevel)
        {
            return Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""");
        }

        return _random.Next(8) switch
        {
            0 => null,
            1 => Parse($$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{Any("always", "first", "never")}}","split":true}"""),
            2 => Parse("""{"type":"Fuse"}"""),
            3 => Parse($$"""{"type":"WordPiece","prefix":"##","cleanup":{{Any("true", "false")}}}"""),
            4 => Parse(
                $$"""{"type":"Sequence","decoders":[{"type":"Strip","content":"▁",{{Any("\"start\":1,\"stop\":0", "\"start\":2,\"stop\":0", "\"start\":0,\"stop\":1")}}},{"type":"ByteFallback"}]}"""),
            _ => Parse($$"""
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{{Any("{\"String\":\"▁\"}", "{\"Regex\":\"▁\"}")}},"content":" "},{"type":"ByteFallback"},
                {"type":"Fuse"},{"type":"Strip","content":"{{Any(" ", "a")}}","start":{{_random.Next(3)}},"stop":0}]}
                """),
        };
    }

    private List<string> Characters()
    {
        if (_isByteLevel)
        {
            return [.. Enumerable.Range(0, 256).Select(value => ByteLevelAlphabet.ToChar((byte)value).ToString())];
        }

        // Not all, so that some are unknown.
        return
        [
            .. RandomText.Pieces.SelectMany(piece => piece.EnumerateRunes()).Select(rune => rune.ToString()).Append("##").Distinct()
                .Where(_ => _random.Next(10) > 0),
        ];
    }

    private JsonObject Bpe()
    {
        var tokens = new List<string> { "<unk>" };
        tokens.AddRange(Characters());
        bool hasBytes = !_isByteLevel && _random.Next(2) == 0;
        if (hasBytes)
        {
            bool hasAllBytes = _random.Next(4) > 0;
            tokens.AddRange(Enumerable.Range(0, 256).Where(_ => hasAllBytes || _random.Next(50) > 0).Select(value => $"<0x{value:X2}>"));
        }

        var known = tokens.ToHashSet(StringComparer.Ordinal);
        var pairs = new List<(string Left, string Right)>();
        List<string> parts = [.. tokens.Where(token => _random.Next(2) == 0 || (token.Length == 1 && char.IsAscii(token[0])))];
        List<string> common = [.. parts.Where(part => part.Length == 1 && "abestx 0134▁'/ĠĊ.".Contains(part, StringComparison.Ordinal))];
        for (int count = _random.Next(20, 400); count > 0; count--)
        {
            List<string> source = common.Count > 1 && _random.Next(3) > 0 ? common : parts;
            (string left, string right) = (source[_random.Next(source.Count)], source[_random.Next(source.Count)]);
            string joined = left + right;
            if (joined.Length > 12 || left == "<unk>" || right == "<unk>")
            {
                continue;
            }

            if (known.Add(joined))
            {
                tokens.Add(joined);
                parts.Add(joined);
                common.Add(joined);
            }

            pairs.Add((left, right));
        }

        bool areArrays = _random.Next(2) == 0 || pairs.Exists(pair => pair.Left.Contains(' ') || pair.Right.Contains(' '));
        return new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = _random.Next(3) == 0 ? null : "<unk>",
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = _random.Next(2) == 0,
            ["byte_fallback"] = hasBytes,
            ["ignore_merges"] = _random.Next(4) == 0,
            ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["merges"] = new JsonArray(
                [.. pairs.Select(pair => areArrays ? (JsonNode)new JsonArray(pair.Left, pair.Right) : $"{pair.Left} {pair.Right}")]),
        };
    }

    private JsonObject WordPiece()
    {
        List<string> characters = Characters();
        IEnumerable<string> longer = Enumerable.Range(0, _random.Next(20, 400)).Select(_ =>
            string.Concat(Enumerable.Range(0, _random.Next(2, 5)).Select(_ => characters[_random.Next(Math.Min(characters.Count, 60))])));
        string prefix = Any("##", "##", "", "ab");
        string[] tokens =
        [
            "<unk>", .. characters.Concat(longer).SelectMany(piece => new[] { piece, prefix + piece }).Where(_ => _random.Next(8) > 0)
                .Except(["<unk>"]).Distinct(),
        ];
        return new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = "<unk>",
            ["continuing_subword_prefix"] = prefix,
            ["max_input_chars_per_word"] = Any(100, 100, 4),
            ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
        };
    }

    private JsonObject Unigram()
    {
        var pieces = new JsonArray { new JsonArray("<unk>", 0.0) };
        var known = new HashSet<string>(StringComparer.Ordinal) { "<unk>" };
        List<string> characters = Characters();
        bool hasBytes = _random.Next(2) == 0;
        IEnumerable<string> longer = Enumerable.Range(0, _random.Next(20, 400)).Select(_ =>
            string.Concat(Enumerable.Range(0, _random.Next(2, 5)).Select(_ => characters[_random.Next(Math.Min(characters.Count, 60))])));
        IEnumerable<string> bytes = Enumerable.Range(0, hasBytes ? 256 : 0).Select(value => $"<0x{value:X2}>");
        foreach (string piece in characters.Concat(longer).Concat(bytes))
        {
            // Of two pieces with one text the last counts.
            if (known.Add(piece) || (_random.Next(4) == 0 && !piece.StartsWith("<0x", StringComparison.Ordinal)))
            {
                pieces.Add(new JsonArray(piece, -_random.Next(120_000) / 10_000.0));
            }
        }

        return new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["byte_fallback"] = hasBytes, ["vocab"] = pieces };
    }

    private JsonArray AddedTokens()
    {
        var tokens = new JsonArray();
        int next = Json["model"]!["vocab"] is JsonArray list ? list.Count : Json["model"]!["vocab"]!.AsObject().Count;
        string[] texts = ["<s>", "</s>", "<|im_end|>", "▁▁", "word", " ab", "\n\n", "<tool>", "é", "Ab"];

        // A token of white space beside one that takes white space along ends the process of the other side.
        bool mayStrip = _random.Next(2) == 0;
        texts = [.. texts.Where(text => !mayStrip || !text.Any(char.IsWhiteSpace))];
        foreach (string text in texts.Where(text => _random.Next(3) == 0 && !(_isByteLevel && text == "é")))
        {
            JsonNode? existing = Json["model"]!["vocab"] is JsonObject vocabulary && vocabulary.TryGetPropertyValue(text, out JsonNode? id)
                ? id
                : null;
            if (Json["model"]!["vocab"] is JsonArray pieces)
            {
                int last = pieces.ToList().FindLastIndex(piece => piece![0]!.GetValue<string>() == text);
                existing = last < 0 ? null : last;
            }

            bool isSpecial = _random.Next(2) == 0 && text != "é";
            tokens.Add(new JsonObject
            {
                ["id"] = existing?.GetValue<int>() ?? next++,
                ["content"] = text,
                ["single_word"] = _random.Next(4) == 0,
                ["lstrip"] = mayStrip && _random.Next(2) == 0,
                ["rstrip"] = mayStrip && _random.Next(2) == 0,
                // One that normalisation leaves nothing of ends the process of the other side.
                ["normalized"] = _random.Next(2) == 0 && text.Length > 2 && !text.Contains('\n'),
                ["special"] = isSpecial,
            });
            Specials.Add(text);
        }

        return tokens;
    }
}
