using System.Text.Json.Nodes;

namespace VkInfer.Tests.Families;

/// <summary>A tokenizer of 300 bytes and names, for models whose tests give token ids only.</summary>
internal static class TinyTokenizer
{
    /// <summary>Writes <c>tokenizer.json</c> into a Hugging Face folder.</summary>
    public static void Write(string folder, int vocabSize)
    {
        // Byte-level BPE spells bytes as characters from U+0100 on where they are not printable.
        IEnumerable<string> bytes = Enumerable.Range(0, 256).Where(IsPrintable).Select(value => ((char)value).ToString())
            .Concat(Enumerable.Range(256, 256 - Enumerable.Range(0, 256).Count(IsPrintable)).Select(value => ((char)value).ToString()));
        var vocabulary = new JsonObject();
        foreach (string token in bytes.Concat(Enumerable.Range(0, vocabSize - 256).Select(i => $"<{i}>")))
        {
            vocabulary[token] = vocabulary.Count;
        }

        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] =
                new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
    }

    private static bool IsPrintable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
