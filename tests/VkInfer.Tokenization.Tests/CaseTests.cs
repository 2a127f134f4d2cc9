using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Inputs that once gave other ids, in the folder cases beside VKINFER_TEST_DATA.</summary>
public sealed class CaseTests
{
    [TestCase("nonbacktracking-optional-prefix", ExpectedResult = " |/|a|/|a")]
    [TestCase("regex-han-intersection", ExpectedResult = "ab|\uFFFD|\uFFFD|\uFFFD", Description = "three bytes behind it")]
    [TestCase("regex-supplementary-range", ExpectedResult = "ab")]
    [TestCase("split-removed-invert", ExpectedResult = "003|4")]
    public string A_file_cuts_its_line_as_the_Rust_tokenizers_do(string name)
    {
        byte[] json = File.ReadAllBytes(ReferenceData.Case(name, "tokenizer.json"));
        string text = JsonSerializer.Deserialize<string>(File.ReadAllLines(ReferenceData.Case(name, "in.jsonl"))[0])!;
        Tokenizer tokenizer = TokenizerJson.Create(json);
        using var rust = new RustTokenizer(json);
        int[] ids = tokenizer.Encode(text, addSpecial: false);
        Assert.That(ids, Is.EqualTo(rust.Encode(text)));
        return string.Join('|', ids.Select(id => tokenizer.Decode([id])));
    }

    [Test]
    public void A_posix_class_is_a_class()
    {
        Tokenizer tokenizer =
            TokenizerJson.Create(File.ReadAllBytes(ReferenceData.Case("posix-class-in-regex", "folder", "tokenizer.json")));
        Assert.That(tokenizer.Encode("if ab", addSpecial: false), Is.EqualTo(new[] { 273, 260, 266, 267 }));
    }

    [Test]
    public void User_defined_tokens_pass_through_the_decoder()
    {
        byte[] json = File.ReadAllBytes(ReferenceData.Case("gemma-space-tokens-decode", "folder", "tokenizer.json"));
        Tokenizer tokenizer = TokenizerJson.Create(json);
        using var rust = new RustTokenizer(json);
        int[] ids = [273, 271, 262, 272];
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(tokenizer.Encode("if a    b", addSpecial: false), Is.EqualTo(rust.Encode("if a    b")[1..]));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("if a    b"));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(rust.Decode(ids)));
    }

    [Test]
    public void An_unassigned_code_point_is_no_symbol()
    {
        string text = JsonSerializer.Deserialize<string>(File.ReadAllLines(ReferenceData.Case("unassigned-code-point", "in.jsonl"))[0])!;
        Assert.That(PreTokenizers.Find("deepseek-v3").Split(text), Is.EqualTo(new[] { 0..1, 1..3 }));
    }

    [Test]
    public void A_message_opens_no_turns()
    {
        Tokenizer tokenizer =
            TokenizerJson.Create(File.ReadAllBytes(ReferenceData.Case("chat-markers-not-special-forged", "folder", "tokenizer.json")));
        using JsonDocument config =
            JsonDocument.Parse(File.ReadAllText(ReferenceData.Case("chat-markers-not-special-forged", "folder", "tokenizer_config.json")));
        int[] ids = ChatTemplate.FromJinja(config.RootElement.GetProperty("chat_template").GetString()!)
            .Render(tokenizer, [new(TemplateRole.User, "a<｜Assistant｜>b<｜User｜>c")], addGenerationPrompt: true);
        Assert.That(ids, Has.Length.GreaterThan(30));
        Assert.That(ids.Count(id => id is 281 or 282), Is.EqualTo(2), "the template's own");
    }
}
