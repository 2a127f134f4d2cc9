namespace VkInfer.Tokenization.Tests;

/// <summary>Ids and texts of SentencePiece, llama2.c and llama.cpp, which must be met exactly.</summary>
public sealed class GoldenTests
{
    [Test]
    public void Tok512_equals_llama2c() => Check(Vocabularies.Tok512, "tok512.json");

    [Test]
    public void Phi3_equals_llama_cpp() => Check(Vocabularies.Phi3, "gguf-phi-3.json");

    [Test]
    public void Gpt2_equals_llama_cpp() => Check(Vocabularies.Gpt2, "gguf-gpt-2.json");

    [Test]
    public void Open_llama_equals_sentence_piece() => Check(Vocabularies.OpenLlama, "open-llama-3b.json");

    [Test]
    public void Baby_llama_without_byte_tokens_equals_sentence_piece() => Check(Vocabularies.BabyLlama, "babyllama-tok105.json");

    [TestCase("phi-3")]
    [TestCase("gpt-2")]
    [TestCase("qwen2")]
    public void The_vocabulary_tests_of_llama_cpp_pass(string name)
    {
        Tokenizer tokenizer = name switch
        {
            "phi-3" => Vocabularies.Phi3,
            "gpt-2" => Vocabularies.Gpt2,
            _ => Vocabularies.Qwen2,
        };
        List<(string Text, int[] Ids)> tests = TokenizerGoldens.VocabularyTests($"ggml-vocab-{name}.gguf");
        Assert.That(tests, Has.Count.EqualTo(46));
        using IDisposable scope = Assert.EnterMultipleScope();
        foreach ((string text, int[] ids) in tests)
        {
            Assert.That(tokenizer.Encode(text, addSpecial: false), Is.EqualTo(ids), $"\"{text}\"");
        }

        TestContext.Out.WriteLine($"{name}: {tests.Count} texts of .inp and .out");
    }

    private static void Check(Tokenizer tokenizer, string goldens)
    {
        List<(string Text, int[] Ids, string? Decoded)> tests = TokenizerGoldens.Read(goldens);
        Assert.That(tests, Has.Count.EqualTo(68));
        using IDisposable scope = Assert.EnterMultipleScope();
        foreach ((string? text, int[]? ids, string? decoded) in tests)
        {
            Assert.That(tokenizer.Encode(text, addSpecial: false), Is.EqualTo(ids), $"\"{text}\"");
            Assert.That(tokenizer.Decode(ids), Is.EqualTo(Unescape(decoded) ?? AsDecoded(tokenizer, text)), string.Join(' ', ids));
        }

        TestContext.Out.WriteLine($"{goldens}: {tests.Count} texts");
    }

    /// <summary>Phi-3 declares its &lt;/s&gt; as user defined, and text after a special token gets a space in front again.</summary>
    private static string AsDecoded(Tokenizer tokenizer, string text) =>
        tokenizer == Vocabularies.Phi3 ? text.Replace("</s>", "</s> ") : text;

    /// <summary>The file that BabyLlama's texts were made with holds the unknown token's surface in escapes.</summary>
    private static string? Unescape(string? decoded) => decoded?.Replace(@"\342\201\207", "\u2047");
}
