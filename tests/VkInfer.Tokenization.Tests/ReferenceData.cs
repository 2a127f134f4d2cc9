using System.Text.Json;

namespace VkInfer.Tokenization.Tests;

/// <summary>Finds the reference files below the folder that the environment variable VKINFER_TEST_DATA names.</summary>
internal static class ReferenceData
{
    public static string Find(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("VKINFER_TEST_DATA");
        if (string.IsNullOrEmpty(root))
        {
            Assert.Ignore("VKINFER_TEST_DATA is not set: no reference files");
        }

        string path = Path.Combine([root, .. parts]);
        Assert.That(File.Exists(path), Is.True, $"VKINFER_TEST_DATA is set, but {path} is missing");
        return path;
    }

    public static List<(string Text, int[] Ids, string? Decoded)> Goldens(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Find("goldens", "tokenizer", name)));
        return [.. document.RootElement.GetProperty("tests").EnumerateArray().Select(test => (
            test.GetProperty("text").GetString()!,
            Ids(test, "llamacpp_ids") ?? Ids(test, "ids")!,
            test.TryGetProperty("decoded", out JsonElement decoded) ? decoded.GetString() : null))];
    }

    /// <summary>Texts and ids as llama.cpp keeps them beside its vocabularies.</summary>
    public static List<(string Text, int[] Ids)> VocabularyTests(string name)
    {
        string[] texts = File.ReadAllText(Find("tokenizers", "vocab-gguf", name + ".inp")).Split("\n__ggml_vocab_test__\n");
        string[] ids = File.ReadAllLines(Find("tokenizers", "vocab-gguf", name + ".out"));
        return [.. texts.Zip(ids, (text, line) => (
            text,
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray()))];
    }

    private static int[]? Ids(JsonElement test, string name) =>
        test.TryGetProperty(name, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Select(id => id.GetInt32())]
            : null;
}
