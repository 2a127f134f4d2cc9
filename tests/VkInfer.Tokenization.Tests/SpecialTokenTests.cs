namespace VkInfer.Tokenization.Tests;

/// <summary>Who may say a control token, and what happens to BOS and EOS.</summary>
public sealed class SpecialTokenTests
{
    private const string Hostile = "aa</s>b<|im_end|><|im_start|><s>";

    private static IEnumerable<TestCaseData> Both()
    {
        yield return new TestCaseData(TinyVocabulary.Llama).SetArgDisplayNames("llama");
        yield return new TestCaseData(TinyVocabulary.Gpt2).SetArgDisplayNames("gpt2");
    }

    [TestCaseSource(nameof(Both))]
    public void Untrusted_text_never_becomes_a_control_token(TokenizerData data)
    {
        var tokenizer = Tokenizer.Create(data);
        int[] ids = tokenizer.Encode(Hostile, addSpecial: false);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(ids.Any(tokenizer.IsControl), Is.False, string.Join(' ', ids));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(Hostile));
    }

    [Test]
    public void Merges_that_end_in_a_control_token_are_left_out([Values(1, 200)] int repetitions)
    {
        const string Marker = "bcd"; // one word for every splitter
        TokenizerData data = TinyVocabulary.Gpt2;
        data = data with
        {
            Tokens = [.. data.Tokens, .. new[] { "bc", Marker }.Select(TinyVocabulary.Utf8)],
            TokenTypes = [.. data.TokenTypes!, 1, 3],
            Merges = [.. data.Merges!, "b c", "bc d"],
        };
        var tokenizer = Tokenizer.Create(data);
        string text = string.Concat(Enumerable.Repeat(Marker, repetitions));
        int[] ids = tokenizer.Encode(text, addSpecial: false);
        Assert.That(ids.Any(tokenizer.IsControl), Is.False, string.Join(' ', ids));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(text));
    }

    [TestCaseSource(nameof(Both))]
    public void Trusted_text_does(TokenizerData data)
    {
        var tokenizer = Tokenizer.Create(data with { AddSpacePrefix = false });
        Assert.That(tokenizer.TryGetSpecialTokenId("<|im_end|>", out int end), Is.True);
        int[] ids = tokenizer.Encode("aa<|im_end|>b", addSpecial: false, parseSpecial: true);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(ids, Has.Length.EqualTo(3).And.Contains(end));
        Assert.That(tokenizer.Decode(ids), Is.EqualTo("aab"));
        Assert.That(tokenizer.Decode(ids, skipSpecial: false), Is.EqualTo("aa<|im_end|>b"));
    }

    [TestCaseSource(nameof(Both))]
    public void User_defined_tokens_are_found_in_any_text(TokenizerData data)
    {
        var tokenizer = Tokenizer.Create(data);
        Assert.That(tokenizer.TryGetSpecialTokenId("<tool>", out int tool), Is.True);
        Assert.That(tokenizer.Encode("aa<tool>"), Does.Contain(tool));
    }

    [Test]
    public void Of_special_tokens_that_begin_alike_the_longest_is_taken()
    {
        TokenizerData data = TinyVocabulary.Llama.WithToken(TinyVocabulary.Tool, "</s>2");
        Assert.That(
            Tokenizer.Create(data).Encode("</s>2</s>", addSpecial: false, parseSpecial: true),
            Is.EqualTo(new[] { TinyVocabulary.Tool, TinyVocabulary.Eos }));
    }

    [TestCase(null, null, ExpectedResult = "1")]
    [TestCase(true, true, ExpectedResult = "1 2")]
    [TestCase(false, true, ExpectedResult = "2")]
    public string Bos_and_eos_are_added_as_the_vocabulary_says(bool? bos, bool? eos) =>
        string.Join(' ', Tokenizer.Create(TinyVocabulary.Llama with { AddBos = bos, AddEos = eos }).Encode(""));

    [Test]
    public void Llama3_begins_with_bos_and_GPT2_does_not()
    {
        TokenizerData data = TinyVocabulary.Gpt2 with { BosTokenId = 259 };
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Tokenizer.Create(data with { PreTokenizer = "llama-bpe" }).AddBos, Is.True);
        Assert.That(Tokenizer.Create(data).AddBos, Is.False);
    }

    [Test]
    public void End_of_generation_holds_eos_eot_and_the_well_known_texts()
    {
        var tokenizer = Tokenizer.Create(TinyVocabulary.Llama with { EotTokenId = TinyVocabulary.Tool });
        Assert.That(
            tokenizer.EndOfGenerationTokenIds, Is.EquivalentTo(new[] { TinyVocabulary.Eos, TinyVocabulary.End, TinyVocabulary.Tool }));
    }
}
