using System.Text;
using System.Text.Json;
using VkInfer.Formats;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Reads the reference vocabularies, each once.</summary>
internal static class Vocabularies
{
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    public static Tokenizer Tok512 => Load("tok512", () => FromGguf("models", "stories260K-tied-f32.gguf"));

    public static Tokenizer Phi3 => Load("phi3", () => FromGguf("tokenizers", "vocab-gguf", "ggml-vocab-phi-3.gguf"));

    public static Tokenizer Gpt2 => Load("gpt2", () => FromGguf("tokenizers", "vocab-gguf", "ggml-vocab-gpt-2.gguf"));

    /// <summary>The GGUF has no key for it, but the model that it was converted from removes extra spaces.</summary>
    public static Tokenizer BabyLlama =>
        Load("babyllama", () => FromGguf("models", "babyllama105-f16.gguf") with { RemoveExtraWhitespaces = true });

    public static Tokenizer OpenLlama => Load("openllama", () => FromModelProto("tokenizers", "open-llama-3b", "tokenizer.model"));

    public static Tokenizer Qwen2 => Load("qwen2", ReadQwen2);

    private static Tokenizer Load(string name, Func<TokenizerData> read)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(name, out Tokenizer? tokenizer))
            {
                Loaded[name] = tokenizer = Tokenizer.Create(read());
            }

            return tokenizer;
        }
    }

    private static TokenizerData FromGguf(params string[] parts)
    {
        using var file = GgufFile.Open(ReferenceData.Find(parts));
        GgufByteStrings tokens = file.GetByteStringArray("tokenizer.ggml.tokens");
        return new TokenizerData
        {
            Model = file.GetString("tokenizer.ggml.model"),
            PreTokenizer = file.TryGetString("tokenizer.ggml.pre", out string? pre) ? pre : null,
            Tokens = [.. Enumerable.Range(0, tokens.Count).Select(id => tokens[id].ToArray())],
            Scores = file.Metadata.ContainsKey("tokenizer.ggml.scores") ? file.GetFloatArray("tokenizer.ggml.scores") : null,
            TokenTypes = file.GetIntArray("tokenizer.ggml.token_type"),
            Merges = file.Metadata.ContainsKey("tokenizer.ggml.merges") ? file.GetStringArray("tokenizer.ggml.merges") : null,
            BosTokenId = file.GetInt("tokenizer.ggml.bos_token_id"),
            EosTokenId = file.GetInt("tokenizer.ggml.eos_token_id"),
            AddBos = file.TryGetBool("tokenizer.ggml.add_bos_token", out bool addBos) ? addBos : null,
        };
    }

    private static TokenizerData FromModelProto(params string[] parts) =>
        SentencePieceModel.Read(File.ReadAllBytes(ReferenceData.Find(parts)));

    private static TokenizerData ReadQwen2()
    {
        using var vocabulary = JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("tokenizers", "qwen2.5", "vocab.json")));
        using var config = JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("tokenizers", "qwen2.5", "tokenizer_config.json")));
        var tokens = new SortedDictionary<int, (string Text, int Type)>();
        foreach (JsonProperty token in vocabulary.RootElement.EnumerateObject())
        {
            tokens[token.Value.GetInt32()] = (token.Name, 1);
        }

        foreach (JsonProperty token in config.RootElement.GetProperty("added_tokens_decoder").EnumerateObject())
        {
            tokens[int.Parse(token.Name)] =
                (token.Value.GetProperty("content").GetString()!, token.Value.GetProperty("special").GetBoolean() ? 3 : 4);
        }

        return new TokenizerData
        {
            Model = "gpt2",
            PreTokenizer = "qwen2",
            Tokens = [.. tokens.Values.Select(token => Encoding.UTF8.GetBytes(token.Text))],
            TokenTypes = [.. tokens.Values.Select(token => token.Type)],
            Merges = [.. File.ReadLines(ReferenceData.Find("tokenizers", "qwen2.5", "merges.txt")).Where(line => line.Length > 0)],
            EosTokenId = tokens.First(token => token.Value.Text == "<|im_end|>").Key,
        };
    }
}
