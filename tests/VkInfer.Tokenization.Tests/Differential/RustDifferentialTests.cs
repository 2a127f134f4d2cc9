using System.Text.Encodings.Web;
using System.Text.Json;

namespace VkInfer.Tokenization.Tests;

/// <summary>Random files and random texts, encoded and decoded by the Rust tokenizers and by ours.</summary>
public sealed class RustDifferentialTests
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [TestCase(1, 100, 40)]
    public void Random_pipelines_give_the_ids_and_texts_of_the_Rust_tokenizers(int firstSeed, int pipelines, int texts) =>
        Compare(firstSeed, pipelines, texts);

    [Category("Release")]
    [TestCase(10_001, 40, 20_000)]
    [TestCase(20_001, 1000, 200)]
    public void Many_texts_give_the_ids_and_texts_of_the_Rust_tokenizers(int firstSeed, int pipelines, int texts) =>
        Compare(firstSeed, pipelines, texts);

    private static void Compare(int firstSeed, int pipelines, int texts)
    {
        int compared = 0;
        int kinds = 0;
        int seed = firstSeed;
        for (; kinds < pipelines; seed++)
        {
            var pipeline = new RandomPipeline(seed);
            (RustTokenizer Rust, RustTokenizer Plain)? theirs = Load(pipeline);
            if (theirs is not var (rust, plain))
            {
                continue; // An expression that Oniguruma refuses.
            }

            using (rust)
            using (plain)
            {
                kinds++;
                compared += Compare(pipeline, seed, rust, plain, texts);
            }
        }

        TestContext.Out.WriteLine($"seeds {firstSeed} to {seed - 1}: {compared} texts over {kinds} pipelines are equal");
    }

    private static int Compare(RandomPipeline pipeline, int seed, RustTokenizer rust, RustTokenizer plain, int texts)
    {
        Tokenizer tokenizer = TokenizerJson.Create(pipeline.Bytes);
        var random = new Random(seed);
        for (int i = 0; i < texts; i++)
        {
            string text = RandomText.Create(random, 12, pipeline.Specials);
            string Where() => $"seed {seed}, {JsonSerializer.Serialize(text)}\n{Describe(pipeline)}";
            int[] expected = rust.Encode(text);
            int[] ids = tokenizer.Encode(text, addSpecial: false, parseSpecial: true);
            Assert.That(ids, Is.EqualTo(expected), Where);
            CompareDecoding(ids, tokenizer, rust, plain, Where);

            // What a model may write is no text's tokens.
            int[] written = [.. ids.Select(id => random.Next(3) == 0 ? pipeline.RandomId(random) : id)];
            CompareDecoding(written, tokenizer, rust, plain, Where);
        }

        return texts;
    }

    private static void CompareDecoding(int[] ids, Tokenizer tokenizer, RustTokenizer rust, RustTokenizer plain, Func<string> where)
    {
        string Where() => $"ids {string.Join(' ', ids)}, {where()}";
        Assert.That(tokenizer.Decode(ids), Is.EqualTo(rust.Decode(ids)), Where);
        Assert.That(tokenizer.Decode(ids, skipSpecial: false), Is.EqualTo(plain.Decode(ids)), Where);
        var stream = new StreamingDetokenizer(tokenizer);
        Assert.That(string.Concat(ids.Select(stream.Append)) + stream.Flush(), Is.EqualTo(tokenizer.Decode(ids)), Where);
    }

    private static (RustTokenizer Rust, RustTokenizer Plain)? Load(RandomPipeline pipeline)
    {
        try
        {
            return (new RustTokenizer(pipeline.Bytes), new RustTokenizer(pipeline.BytesWithoutSpecials));
        }
        catch (Exception exception) when (exception.Message.Contains("Oniguruma", StringComparison.Ordinal))
        {
            return null;
        }
    }

    private static string Describe(RandomPipeline pipeline) => string.Join(
        '\n',
        new[] { "normalizer", "pre_tokenizer", "decoder", "added_tokens" }.Select(
            part => $"{part}: {pipeline.Json[part]?.ToJsonString(Readable)}"));
}
