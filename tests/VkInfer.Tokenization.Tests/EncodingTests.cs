using System.Text;
using CsCheck;
using VkInfer.Testing;

namespace VkInfer.Tokenization.Tests;

/// <summary>Properties of encoding that hold for any text.</summary>
public sealed class EncodingTests
{
    /// <summary>Scalars of all planes, with those that pre-tokenizers look at more often.</summary>
    internal static readonly Gen<string> AnyText = Gen.Frequency(
        (4, Gen.Char[" \t\r\n\u00A0\u3000'aAbsStT0123.,!_-<|>"].Select(c => c.ToString())),
        (2, Gen.Int[0x20, 0x24FF].Select(char.ConvertFromUtf32)),
        (1, Gen.Int[0x2500, 0xD7FF].Select(char.ConvertFromUtf32)),
        (2, Gen.Int[0x1D400, 0x1F9FF].Select(char.ConvertFromUtf32)),
        (1, Gen.Int[0xE000, 0x10FFFF].Select(char.ConvertFromUtf32))).Array[0, 60].Select(string.Concat);

    [TestCase("gpt-2")]
    [TestCase("llama-bpe")]
    [TestCase("qwen2")]
    [TestCase("smollm")]
    [TestCase("default")]
    public void Decoding_gives_the_text_back_in_byte_level(string preTokenizer)
    {
        var tokenizer = Tokenizer.Create(TinyVocabulary.Gpt2 with { PreTokenizer = preTokenizer });
        AnyText.Check(2000, text => tokenizer.Decode(tokenizer.Encode(text)) == text);
    }

    [Test]
    public void Decoding_gives_the_text_back_in_sentence_piece()
    {
        var tokenizer = Tokenizer.Create(TinyVocabulary.Llama);
        AnyText.Where(text => !text.Contains('\u2581'))
            .Check(2000, text => tokenizer.Decode(tokenizer.Encode(text)) == text);
    }

    [Test]
    public void Lone_surrogates_count_as_the_replacement_character([Values("llama", "gpt2")] string model)
    {
        var tokenizer = Tokenizer.Create(model == "llama" ? TinyVocabulary.Llama : TinyVocabulary.Gpt2);
        Assert.That(tokenizer.Decode(tokenizer.Encode("\uDC00a\uD800\uD83E\uDD99\uD800")), Is.EqualTo("\uFFFDa\uFFFD🦙\uFFFD"));
    }

    [Test]
    public void Bytes_without_a_token_become_the_unknown_token()
    {
        TokenizerData data = TinyVocabulary.Llama;
        int[] types = data.TokenTypes!.Select((type, id) => id == TinyVocabulary.FirstByte + 0xA9 ? 5 : type).ToArray();
        int[] ids = Tokenizer.Create(data with { TokenTypes = types, AddSpacePrefix = false }).Encode("é©", addSpecial: false);
        Assert.That(ids, Is.EqualTo(new[] { 289, TinyVocabulary.FirstByte + 0xC2, 0 }));
    }

    [Test]
    public void A_byte_level_vocabulary_may_lack_bytes()
    {
        var data = new TokenizerData
        {
            Model = "gpt2",
            PreTokenizer = "gpt-2",
            Tokens = [.. new[] { "a", "b", "aa", "?" }.Select(Encoding.UTF8.GetBytes)],
            Merges = ["a a"],
        };
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(Tokenizer.Create(data).Encode("acab"), Is.EqualTo(new[] { 0, 0, 1 }));
        Assert.That(Tokenizer.Create(data with { UnknownTokenId = 3 }).Encode("acab"), Is.EqualTo(new[] { 0, 3, 0, 1 }));
    }

    [Test]
    public void Long_words_are_merged_as_short_ones_are()
    {
        var merges = new MergeTable(new Vocabulary(TinyVocabulary.Gpt2), TinyVocabulary.Gpt2.Merges!);
        Gen.Int[0, 255].Array[1, 32].Check(
            2000,
            word =>
            {
                // Symbols without a token hold the copies apart: the whole is merged as a long word, each of them as a short one.
                int[] symbols = [
                    .. Enumerable.Repeat((int[])[.. word.Select(id => id % 3 == 0 ? 'a' : id), -1], 40).SelectMany(copy => copy)];
                int[] one = [.. merges.Merge((int[])[.. word.Select(id => id % 3 == 0 ? 'a' : id)])];
                int[] all = [.. merges.Merge((int[])[.. symbols])];
                return all.SequenceEqual(Enumerable.Repeat((int[])[.. one, -1], 40).SelectMany(copy => copy));
            });
    }

    [Test]
    public void A_megabyte_takes_seconds([Values("tok512", "phi3", "gpt2", "qwen2")] string name)
    {
        Tokenizer tokenizer = ByName(name);
        string text = File.ReadAllText(ReferenceData.Find("text", "tinyshakespeare.txt"));
        CheckTime(tokenizer, text);
        CheckTime(tokenizer, new string('a', 1 << 20));
        CheckTime(tokenizer, new string(' ', 1 << 20) + "x");
        CheckTime(tokenizer, string.Concat(Enumerable.Repeat("<|", 1 << 19)));
    }

    [Test]
    public void One_tokenizer_serves_many_threads([Values("phi3", "gpt2")] string name)
    {
        Tokenizer tokenizer = ByName(name);
        string text = File.ReadAllText(ReferenceData.Find("text", "tinyshakespeare.txt"))[..40_000];
        int[] expected = tokenizer.Encode(text);
        Parallel.For(0, 8, _ => Assert.That(tokenizer.Encode(text), Is.EqualTo(expected)));
    }

    private static Tokenizer ByName(string name) => name switch
    {
        "tok512" => Vocabularies.Tok512,
        "phi3" => Vocabularies.Phi3,
        "gpt2" => Vocabularies.Gpt2,
        _ => Vocabularies.Qwen2,
    };

    private static void CheckTime(Tokenizer tokenizer, string text)
    {
        var longest = TimeSpan.FromSeconds(20);
        int[] ids = [];
        TimeSpan elapsed = Least.ProcessorTime(longest, () => ids = tokenizer.Encode(text));
        TestContext.Out.WriteLine($"{text.Length} characters, {ids.Length} tokens: {elapsed.TotalMilliseconds:F0} ms");
        using IDisposable scope = Assert.EnterMultipleScope();
        Assert.That(elapsed, Is.LessThan(longest));
        Assert.That(tokenizer.Decode(ids) == text, Is.True);
    }
}
