namespace VkInfer.Tokenization.Tests;

/// <summary>The reference ids again, by way of <c>tokenizer.json</c>: another reader, other merges and other expressions.</summary>
public sealed class TokenizerJsonGoldenTests
{
    [Test]
    public void Qwen2_equals_llama_cpp() => CheckVocabularyTests(TokenizerFiles.Qwen2(), "qwen2");

    [Test]
    public void An_expression_that_is_not_known_gives_the_same() =>
        CheckVocabularyTests(TokenizerFiles.Qwen2(TokenizerFiles.Qwen2Pattern.Replace("?\\p{L}+", "?+\\p{L}++")), "qwen2");

    [Test]
    public void Gpt2_equals_llama_cpp()
    {
        Tokenizer tokenizer = TokenizerJson.Create(TokenizerFiles.Gpt2());
        CheckVocabularyTests(tokenizer, "gpt-2");
        CheckGoldens(tokenizer, "gguf-gpt-2.json", text => text);
    }

    [Test]
    public void Phi3_equals_llama_cpp()
    {
        Tokenizer tokenizer = TokenizerJson.Create(TokenizerFiles.Phi3());
        CheckVocabularyTests(tokenizer, "phi-3");
        CheckGoldens(tokenizer, "gguf-phi-3.json", text => text.Replace("</s>", "</s> "));
    }

    [Test]
    public void Open_llama_equals_sentence_piece() =>
        CheckGoldens(TokenizerJson.Create(TokenizerFiles.OpenLlama()), "open-llama-3b.json", null);

    [Test]
    public void Opt_cuts_as_Gpt2_does_and_begins_with_its_end()
    {
        Tokenizer opt = TokenizerJson.Create(TokenizerFiles.Opt());
        List<(string Text, int[] Ids, string? Decoded)> tests = TokenizerGoldens.Read("gguf-gpt-2.json");
        using IDisposable scope = Assert.EnterMultipleScope();
        foreach ((string? text, int[]? ids, string? _) in tests)
        {
            IEnumerable<string> pieces = opt.Encode(text, addSpecial: false).Select(id => Convert.ToHexString(opt.GetTokenBytes(id)));
            Assert.That(pieces, Is.EqualTo(ids.Select(id => Convert.ToHexString(Vocabularies.Gpt2.GetTokenBytes(id)))), $"\"{text}\"");
        }

        Assert.That(opt.Encode(""), Is.EqualTo(new[] { 2 }));
        TestContext.Out.WriteLine($"OPT: {tests.Count} texts as GPT-2's ids");
    }

    [Test]
    public void The_same_data_for_GGUF_gives_the_same_ids([Values("qwen2", "phi3", "gpt2")] string name)
    {
        byte[] json = name switch { "qwen2" => TokenizerFiles.Qwen2(), "phi3" => TokenizerFiles.Phi3(), _ => TokenizerFiles.Gpt2() };
        (Tokenizer direct, Tokenizer converted) = (TokenizerJson.Create(json),
            Tokenizer.Create(TokenizerJson.ReadData(json, new TokenizerSettings())));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That((converted.AddBos, converted.VocabSize), Is.EqualTo((direct.AddBos, direct.VocabSize)));
        foreach ((string? original, int[] _, string? _) in TokenizerGoldens.Read("gguf-gpt-2.json"))
        {
            // GGUF has no place for Qwen2's normalizer.
            string text = UnicodeForms.Normalize(original, "NFC");
            Assert.That(converted.Encode(text, addSpecial: false), Is.EqualTo(direct.Encode(text, addSpecial: false)), $"\"{text}\"");
        }
    }

    private static void CheckVocabularyTests(byte[] json, string name) => CheckVocabularyTests(TokenizerJson.Create(json), name);

    private static void CheckVocabularyTests(Tokenizer tokenizer, string name)
    {
        List<(string Text, int[] Ids)> tests = TokenizerGoldens.VocabularyTests($"ggml-vocab-{name}.gguf");
        using IDisposable scope = Assert.EnterMultipleScope();
        foreach ((string text, int[] ids) in tests)
        {
            Assert.That(tokenizer.Encode(text, addSpecial: false), Is.EqualTo(ids), $"\"{text}\"");
        }

        Assert.That(tests, Has.Count.EqualTo(46));
        TestContext.Out.WriteLine($"{name}: {tests.Count} texts of .inp and .out");
    }

    private static void CheckGoldens(Tokenizer tokenizer, string goldens, Func<string, string>? decode)
    {
        List<(string Text, int[] Ids, string? Decoded)> tests = TokenizerGoldens.Read(goldens);
        using IDisposable scope = Assert.EnterMultipleScope();
        foreach ((string? text, int[]? ids, string? decoded) in tests)
        {
            Assert.That(tokenizer.Encode(text, addSpecial: false), Is.EqualTo(ids), $"\"{text}\"");
            Assert.That(tokenizer.Decode(ids), Is.EqualTo(decode?.Invoke(text) ?? decoded), string.Join(' ', ids));
        }

        Assert.That(tests, Has.Count.EqualTo(68));
        TestContext.Out.WriteLine($"{goldens}: {tests.Count} texts");
    }
}
