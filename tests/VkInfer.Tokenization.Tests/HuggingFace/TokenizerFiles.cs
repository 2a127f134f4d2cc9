using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using VkInfer.Formats;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>
/// Makes <c>tokenizer.json</c> files of the reference vocabularies as Hugging Face's own are: the same pipelines, and merges derived from
/// scores by the rule of its converter.
/// </summary>
internal static class TokenizerFiles
{
    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true}""";

    private const string SentencePieceDecoder =
        """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    /// <summary>Qwen2.5, from its vocab.json, merges.txt and tokenizer_config.json.</summary>
    /// <param name="pattern">The expression that cuts words; another spelling of the same takes the way of unknown ones.</param>
    public static byte[] Qwen2(string pattern = Qwen2Pattern)
    {
        using JsonDocument config =
            JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("tokenizers", "qwen2.5", "tokenizer_config.json")));
        var added = new JsonArray();
        foreach (JsonProperty token in config.RootElement.GetProperty("added_tokens_decoder").EnumerateObject())
        {
            JsonObject entry = JsonNode.Parse(token.Value.GetRawText())!.AsObject();
            entry["id"] = int.Parse(token.Name);
            added.Add(entry);
        }

        return Write(
            ReadVocabulary("tokenizers", "qwen2.5", "vocab.json"), ReadMerges("tokenizers", "qwen2.5", "merges.txt"), added,
            new JsonObject { ["type"] = "NFC" },
            new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Split",
                        ["pattern"] = new JsonObject { ["Regex"] = pattern },
                        ["behavior"] =
                        "Isolated",
                        ["invert"] = false
                    },
                    JsonNode.Parse(ByteLevel.Replace("true", "false"))),
            },
            JsonNode.Parse(ByteLevel), JsonNode.Parse(ByteLevel), new JsonObject());
    }

    /// <summary>OPT, from its vocab.json and merges.txt.</summary>
    public static byte[] Opt() => Write(
        ReadVocabulary("tokenizers", "opt", "opt-vocab.json"), ReadMerges("tokenizers", "opt", "opt-merges.txt"),
        [Added(1, "<pad>"), Added(2, "</s>"), Added(3, "<unk>")],
        null, JsonNode.Parse(ByteLevel), JsonNode.Parse(ByteLevel),
        JsonNode.Parse(
            """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"</s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
            "pair":[],"special_tokens":{"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}}
            """),
        new JsonObject { ["unk_token"] = "<unk>" });

    /// <summary>GPT-2, from the vocabulary in a GGUF.</summary>
    public static byte[] Gpt2()
    {
        using var file = GgufFile.Open(ReferenceData.Find("tokenizers", "vocab-gguf", "ggml-vocab-gpt-2.gguf"));
        string[] tokens = file.GetStringArray("tokenizer.ggml.tokens");
        string[] merges = file.GetStringArray("tokenizer.ggml.merges");
        var vocabulary = new JsonObject(tokens.Select((text, id) => KeyValuePair.Create(text, (JsonNode?)id)));
        return Write(
            vocabulary, new JsonArray([.. merges.Select(merge => (JsonNode)merge)]), [Added(50256, "<|endoftext|>")],
            null, JsonNode.Parse(ByteLevel), JsonNode.Parse(ByteLevel), JsonNode.Parse(ByteLevel),
            new JsonObject { ["unk_token"] = "<|endoftext|>" });
    }

    /// <summary>Phi-3 as Llama 2's file is: SentencePiece as BPE with merges, a normalizer and a decoder.</summary>
    public static byte[] Phi3()
    {
        using var file = GgufFile.Open(ReferenceData.Find("tokenizers", "vocab-gguf", "ggml-vocab-phi-3.gguf"));
        return SentencePiece(
            file.GetStringArray("tokenizer.ggml.tokens"), file.GetFloatArray("tokenizer.ggml.scores"),
            file.GetIntArray("tokenizer.ggml.token_type"),
            new JsonArray(
                new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" },
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = "▁" }));
    }

    /// <summary>OpenLLaMA, whose SentencePiece model removes extra spaces, which patterns do here.</summary>
    public static byte[] OpenLlama()
    {
        TokenizerData data =
            SentencePieceModel.Read(File.ReadAllBytes(ReferenceData.Find("tokenizers", "open-llama-3b", "tokenizer.model")));
        return SentencePiece(
            [.. data.Tokens.Select(Encoding.UTF8.GetString)], data.Scores!, data.TokenTypes!,
            new JsonArray(
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["Regex"] = @"\A +| +\z" }, ["content"] = "" },
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["Regex"] = " {2,}" }, ["content"] = " " },
                new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" },
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = "▁" }));
    }

    private static byte[] SentencePiece(string[] tokens, float[] scores, int[] types, JsonArray normalizers)
    {
        var ids = tokens.Select((text, id) => (text, id)).ToDictionary(token => token.text, token => token.id);
        var added = new JsonArray(
            [.. Enumerable.Range(0, tokens.Length).Where(id => types[id] is 2 or 3 or 4).Select(
                id => Added(id, tokens[id], types[id] != 4))]);
        return Write(
            new JsonObject(tokens.Select((text, id) => KeyValuePair.Create(text, (JsonNode?)id))), MergesOf(tokens, scores, types, ids),
            added, new JsonObject { ["type"] = "Sequence", ["normalizers"] = normalizers }, null, JsonNode.Parse(SentencePieceDecoder),
            JsonNode.Parse(
                """
                {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
                "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}
                """),
            new JsonObject { ["unk_token"] = "<unk>", ["fuse_unk"] = true, ["byte_fallback"] = true });
    }

    /// <summary>
    /// All ways to make a piece of two others, by the piece's score; the rule of transformers' convert_slow_tokenizer.py.
    /// </summary>
    private static JsonArray MergesOf(string[] tokens, float[] scores, int[] types, Dictionary<string, int> ids)
    {
        var merges = new List<(int Left, int Right, float Score)>();
        for (int id = 0; id < tokens.Length; id++)
        {
            if (types[id] == 1)
            {
                merges.AddRange(
                    from cut in Enumerable.Range(1, Math.Max(0, tokens[id].Length - 1))
                    let left = ids.GetValueOrDefault(tokens[id][..cut], -1)
                    let right = ids.GetValueOrDefault(tokens[id][cut..], -1)
                    where left >= 0 && right >= 0
                    orderby left, right
                    select (left, right, scores[id]));
            }
        }

        return [
            .. merges.OrderByDescending(merge => merge.Score).Select(
                merge => (JsonNode)new JsonArray(tokens[merge.Left], tokens[merge.Right]))];
    }

    private static JsonObject Added(int id, string text, bool isSpecial = true) => new()
    {
        ["id"] = id,
        ["content"] = text,
        ["special"] = isSpecial,
        ["normalized"] = false,
        ["lstrip"] = false,
        ["rstrip"] = !isSpecial,
        ["single_word"] = false,
    };

    private static JsonNode ReadVocabulary(params string[] parts) => JsonNode.Parse(File.ReadAllText(ReferenceData.Find(parts)))!;

    private static JsonArray ReadMerges(params string[] parts) =>
        [.. File.ReadLines(ReferenceData.Find(parts)).Where(
            line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(line => (JsonNode)line)];

    private static byte[] Write(
        JsonNode vocabulary, JsonArray merges, JsonArray added, JsonNode? normalizer, JsonNode? preTokenizer, JsonNode? decoder,
        JsonNode? postProcessor, JsonObject model)
    {
        model["type"] = "BPE";
        model["vocab"] = vocabulary;
        model["merges"] = merges;
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = added,
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = postProcessor,
            ["decoder"] = decoder,
            ["model"] = model,
        };
        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }
}
