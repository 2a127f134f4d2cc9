namespace VkInfer.Tokenization.Tests;

/// <summary>A vocabulary from a stranger ends in one clear error, whatever is wrong with it.</summary>
public sealed class ValidationTests
{
    private static readonly TokenizerData Llama = TinyVocabulary.Llama;
    private static readonly TokenizerData Gpt2 = TinyVocabulary.Gpt2;

    private static IEnumerable<TestCaseData> Wrong()
    {
        yield return Case("Model", "llama, gpt2", Llama with { Model = "wordpiece" });
        yield return Case("PreTokenizer", "llama-bpe, llama-v3, llama3", Gpt2 with { PreTokenizer = "no\nsuch" });
        yield return Case("Tokens", "at least one", Llama with { Tokens = [] });
        yield return Case("Tokens[7]", "bytes", Llama with { Tokens = [.. Llama.Tokens.Select((t, i) => i == 7 ? null! : t)] });
        yield return Case("Tokens[6]", "byte token", Llama.WithToken(6, "<0x-1>"));
        yield return Case("Tokens[6]", "byte token", Llama.WithToken(6, "<0xZZ>"));
        yield return Case("Tokens[6]", "byte token", Llama.WithToken(6, "<0x100>"));
        yield return Case("Tokens[6]", "byte token", Llama.WithToken(6, "<0x 1>"));
        yield return Case("Tokens[6]", "byte token", Llama.WithToken(6, ""));
        yield return Case("Scores", "290 entries", Llama with { Scores = null });
        yield return Case("Scores", "290 entries", Llama with { Scores = Llama.Scores![..^1] });
        yield return Case("Scores[3]", "finite", Llama with { Scores = [0, 0, 0, float.NaN, .. Llama.Scores![4..]] });
        yield return Case("TokenTypes", "290 entries", Llama with { TokenTypes = [1, 2, 3] });
        yield return Case("TokenTypes[1]", "0..6", Llama with { TokenTypes = [1, 7, .. Llama.TokenTypes![2..]] });
        yield return Case("BosTokenId", "0..289", Llama with { BosTokenId = 290 });
        yield return Case("EosTokenId", "0..289", Llama with { EosTokenId = -2 });
        yield return Case("EotTokenId", "0..289", Llama with { EotTokenId = int.MaxValue });
        yield return Case("UnknownTokenId", "0..289", Llama with { UnknownTokenId = int.MinValue });
        yield return Case("PaddingTokenId", "0..289", Llama with { PaddingTokenId = 1000 });
        yield return Case("Merges", "a list", Gpt2 with { Merges = null });
        yield return Case("Merges[0]", "a space between", Gpt2 with { Merges = ["aa"] });
        yield return Case("Merges[0]", "a space between", Gpt2 with { Merges = ["aa "] });
        yield return Case("Merges[0]", "a space between", Gpt2 with { Merges = [""] });
        yield return Case("Merges[0]", "a space between", Gpt2 with { Merges = [null!] });
        yield return Case("Merges[1]", "\"bbb\" is not in the vocabulary", Gpt2 with { Merges = ["a a", "bbb a"] });
        yield return Case("Merges[0]", "\"ab\" is not in the vocabulary", Gpt2 with { Merges = ["a b"] });
        yield return Case("Merges[1]", "not in the list before", Gpt2 with { Merges = ["a a", "a a"] });
    }

    [TestCaseSource(nameof(Wrong))]
    public void A_wrong_field_is_named(string field, string said, TokenizerData data)
    {
        TokenizerException? exception = Assert.Throws<TokenizerException>(() => Tokenizer.Create(data));
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(exception!.Field, Is.EqualTo(field));
        Assert.That(exception.Message, Does.Contain(said).And.Not.Contain("\n"));
    }

    [Test]
    public void The_absent_id_of_GGUF_is_no_error()
    {
        var tokenizer = Tokenizer.Create(Llama with { PaddingTokenId = -1, BosTokenId = unchecked((int)uint.MaxValue) });
        Assert.That((tokenizer.PaddingTokenId, tokenizer.BosTokenId, tokenizer.AddBos), Is.EqualTo(((int?)null, (int?)null, false)));
    }

    [TestCase(-1)]
    [TestCase(290)]
    [TestCase(int.MinValue)]
    public void Ids_outside_the_vocabulary_are_refused(int id)
    {
        var tokenizer = Tokenizer.Create(Llama);
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(() => tokenizer.Decode([id]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => tokenizer.GetTokenBytes(id).Length, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => tokenizer.IsControl(id), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new StreamingDetokenizer(tokenizer).Append(id), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static TestCaseData Case(string field, string said, TokenizerData data) =>
        new TestCaseData(field, said, data).SetArgDisplayNames(field, said);
}
