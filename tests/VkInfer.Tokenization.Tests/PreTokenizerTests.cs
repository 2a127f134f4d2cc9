namespace VkInfer.Tokenization.Tests;

/// <summary>Where words end, by the published expressions.</summary>
public sealed class PreTokenizerTests
{
    [TestCase("gpt-2", "Hello  world's 1234!?\n\n x", ExpectedResult = "Hello| | world|'s| 1234|!?|\n\n| x")]
    [TestCase("gpt-2", "I'LL a1b", ExpectedResult = "I|'|LL| a|1|b")]
    [TestCase("llama-bpe", "Hello  world'S 12345!?\n\n x", ExpectedResult = "Hello| | world|'S| |123|45|!?\n\n| x")]
    [TestCase("qwen2", "a 123 \n b", ExpectedResult = "a| |1|2|3| \n| b")]
    [TestCase("smollm", "a 12", ExpectedResult = "a| |1|2")]
    [TestCase("default", "a=b 12345", ExpectedResult = "a|=|b| |123|45")]
    [TestCase("llama-bpe", "🦙abc", ExpectedResult = "🦙abc", Description = "one code point before letters joins them")]
    [TestCase("llama-bpe", "🦙🦙abc", ExpectedResult = "🦙🦙|abc", Description = "the longer run of symbols comes first")]
    [TestCase("gpt-2", "x𝐀𝐁 𝟏𝟐𝟑!", ExpectedResult = "x𝐀𝐁| 𝟏𝟐𝟑|!", Description = "letters and digits beyond U+FFFF")]
    [TestCase("llama-bpe", "𝟏𝟐𝟑𝟒", ExpectedResult = "𝟏𝟐𝟑|𝟒")]
    public string Words_end_where_the_expression_says(string name, string text) =>
        string.Join('|', PreTokenizers.Find(name).Split(text).Select(range => text[range]));
}
