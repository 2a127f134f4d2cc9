using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Texts with the ids that the originals of tokenizers give them.</summary>
internal static class TokenizerGoldens
{
    public static List<(string Text, int[] Ids, string? Decoded)> Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("goldens", "tokenizer", name)));
        return [.. document.RootElement.GetProperty("tests").EnumerateArray().Select(test => (
            test.GetProperty("text").GetString()!,
            Ids(test, "llamacpp_ids") ?? Ids(test, "ids")!,
            test.TryGetProperty("decoded", out JsonElement decoded) ? decoded.GetString() : null))];
    }

    /// <summary>Texts and ids as llama.cpp keeps them beside its vocabularies.</summary>
    public static List<(string Text, int[] Ids)> VocabularyTests(string name)
    {
        string[] texts = File.ReadAllText(ReferenceData.Find("tokenizers", "vocab-gguf", name + ".inp")).Split("\n__ggml_vocab_test__\n");
        string[] ids = File.ReadAllLines(ReferenceData.Find("tokenizers", "vocab-gguf", name + ".out"));
        return [.. texts.Zip(ids, (text, line) => (
            text,
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray()))];
    }

    private static int[]? Ids(JsonElement test, string name) =>
        test.TryGetProperty(name, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Select(id => id.GetInt32())]
            : null;
}
