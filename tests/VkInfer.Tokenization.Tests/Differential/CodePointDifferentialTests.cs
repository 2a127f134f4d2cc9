using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VkInfer.Tokenization.Tests;

/// <summary>Every step that looks at the kind of a character, with each character between two letters: Rust and ours.</summary>
/// <remarks>Each byte is a token, and ▁ stands in front of each word, so that the ids show what a step did.</remarks>
public sealed class CodePointDifferentialTests
{
    private const int Stride = 101;

    private static readonly string[] Normalizers =
    [
        """{"type":"NFC"}""", """{"type":"NFD"}""", """{"type":"NFKC"}""", """{"type":"NFKD"}""", """{"type":"Lowercase"}""",
        """{"type":"StripAccents"}""", """{"type":"Nmt"}""", """{"type":"Strip","strip_left":true,"strip_right":true}""",
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":false,"lowercase":false}""",
        """{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}""",
        """{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":false,"strip_accents":true,"lowercase":false}""",
        """{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":false,"strip_accents":false,"lowercase":true}""",
    ];

    private static readonly string[] PreTokenizers =
    [
        """{"type":"Whitespace"}""", """{"type":"WhitespaceSplit"}""", """{"type":"BertPreTokenizer"}""", """{"type":"UnicodeScripts"}""",
        """{"type":"Punctuation","behavior":"Isolated"}""", """{"type":"Digits","individual_digits":false}""",
        """
        {"type":"Split","pattern":{"Regex":"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"},
        "behavior":"Isolated","invert":false}
        """,
    ];

    /// <summary>Assigned for so long that all tables have them, or assigned to this day to nothing.</summary>
    private static readonly Lazy<int[]> CodePoints = new(() =>
    {
        CodePointSet assigned = UnicodeProperties.Get("age8").And(UnicodeProperties.Get("cn").Not());
        return [.. Enumerable.Range(1, 0x10FFFF).Where(c => Rune.IsValid(c) && assigned.Contains(c))];
    });

    [TestCaseSource(nameof(Normalizers))]
    public void A_normalizer_changes_the_characters_that_the_Rust_tokenizers_change(string normalizer) => Compare(normalizer, null, Stride);

    [TestCaseSource(nameof(PreTokenizers))]
    public void A_pre_tokenizer_cuts_where_the_Rust_tokenizers_cut(string preTokenizer) => Compare(null, preTokenizer, Stride);

    [Category("Release")]
    [TestCaseSource(nameof(Normalizers))]
    public void A_normalizer_changes_every_character_as_the_Rust_tokenizers_do(string normalizer) => Compare(normalizer, null, 1);

    [Category("Release")]
    [TestCaseSource(nameof(PreTokenizers))]
    public void A_pre_tokenizer_cuts_at_every_character_as_the_Rust_tokenizers_do(string preTokenizer) => Compare(null, preTokenizer, 1);

    private static void Compare(string? normalizer, string? preTokenizer, int stride)
    {
        byte[] json = File(normalizer, preTokenizer);
        Tokenizer tokenizer = TokenizerJson.Create(json);
        using var rust = new RustTokenizer(json);
        var different = new List<string>();
        int count = 0;
        for (int i = 0; i < CodePoints.Value.Length; i += stride, count++)
        {
            int codePoint = CodePoints.Value[i];
            string text = $"a{new Rune(codePoint)}b";
            int[] expected = rust.Encode(text);
            int[] ids = tokenizer.Encode(text, addSpecial: false, parseSpecial: true);
            if (!ids.AsSpan().SequenceEqual(expected))
            {
                string category = CharUnicodeInfo.GetUnicodeCategory(codePoint).ToString();
                different.Add($"U+{codePoint:X4} {category}: {rust.Decode(expected)} here {tokenizer.Decode(ids)}");
            }
        }

        Assert.That(different, Is.Empty, () => $"{different.Count} of {count} differ: {string.Join("; ", different.Take(40))}");
    }

    private static byte[] File(string? normalizer, string? preTokenizer)
    {
        var steps = new JsonArray();
        if (preTokenizer is not null)
        {
            steps.Add(JsonNode.Parse(preTokenizer));
            steps.Add(JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}"""));
        }

        steps.Add(JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}"""));
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = normalizer is null ? null : JsonNode.Parse(normalizer),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = steps },
            ["decoder"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = new JsonObject(Enumerable.Range(0, 256).Select(value =>
                    KeyValuePair.Create(ByteLevelAlphabet.ToChar((byte)value).ToString(), (JsonNode?)value))),
                ["merges"] = new JsonArray(),
            },
        });
    }
}
