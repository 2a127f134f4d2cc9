using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VkInfer.Tokenization.Tests;

/// <summary>
/// Models that SentencePiece trains on random texts: random texts encoded and decoded, and random tokens decoded, by it and by ours.
/// </summary>
public sealed class SentencePieceDifferentialTests
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Python = "/usr/bin/python3";

    /// <summary>Trains a model and encodes lines; all of it is JSON on standard input and output, the model in base64.</summary>
    private const string Script = """
        import base64, io, json, sys
        import sentencepiece as spm
        job = json.load(sys.stdin)
        model = io.BytesIO()
        spm.SentencePieceTrainer.train(sentence_iterator=iter(job["corpus"]), model_writer=model, minloglevel=2, **job["options"])
        sp = spm.SentencePieceProcessor(model_proto=model.getvalue())
        json.dump({"model": base64.b64encode(model.getvalue()).decode(), "ids": [sp.encode(text) for text in job["texts"]],
                   "decoded": [sp.decode(sp.encode(text)) for text in job["texts"]],
                   "written": [sp.decode([id % sp.get_piece_size() for id in ids]) for ids in job["written"]]}, sys.stdout)
        """;

    [TestCase("bpe", "identity", true, true)]
    [TestCase("bpe", "nmt_nfkc", true, false)]
    [TestCase("bpe", "identity", false, true)]
    [TestCase("unigram", "identity", true, true)]
    [TestCase("unigram", "nmt_nfkc", true, false)]
    [TestCase("unigram", "nmt_nfkc_cf", true, true)]
    [TestCase("unigram", "identity", false, false)]
    public void Random_texts_give_the_ids_of_sentence_piece(string kind, string rule, bool addsPrefix, bool hasBytes) =>
        Compare(kind, rule, addsPrefix, hasBytes, 7, 1000);

    [Category("Release")]
    [TestCase("bpe", "identity", true, true)]
    [TestCase("bpe", "nmt_nfkc", true, false)]
    [TestCase("unigram", "identity", true, true)]
    [TestCase("unigram", "nmt_nfkc", true, false)]
    [TestCase("unigram", "nmt_nfkc_cf", true, true)]
    [TestCase("unigram", "identity", false, false)]
    public void Many_texts_give_the_ids_of_sentence_piece(string kind, string rule, bool addsPrefix, bool hasBytes) =>
        Compare(kind, rule, addsPrefix, hasBytes, 1007, 20_000);

    private static void Compare(string kind, string rule, bool addsPrefix, bool hasBytes, int seed, int count)
    {
        var random = new Random(seed);
        string[] texts = [.. Enumerable.Range(0, count).Select(_ => RandomText.Create(random, 16, ["   "]))];
        var job = new
        {
            corpus = Enumerable.Range(0, 3000).Select(_ => RandomText.Create(random, 16, [])).Where(
                text => text.Length > 0 && !text.Contains('\n')),
            options = new Dictionary<string, object>
            {
                ["model_type"] = kind,
                ["normalization_rule_name"] = rule,
                ["add_dummy_prefix"] = addsPrefix,
                ["byte_fallback"] = hasBytes,
                ["vocab_size"] = 1200,
                ["character_coverage"] = 0.985,
                ["remove_extra_whitespaces"] = !hasBytes,
                ["hard_vocab_limit"] = false,
                ["user_defined_symbols"] = "▁▁▁",
            },
            texts,
            written = Enumerable.Range(0, count).Select(_ => RandomIds(random)).ToArray(),
        };
        using JsonDocument answer = Run(JsonSerializer.Serialize(job));
        var tokenizer = Tokenizer.Create(SentencePieceModel.Read(answer.RootElement.GetProperty("model").GetBytesFromBase64()));
        var different = new List<string>();
        int[][] encoded = Read<int[]>(answer, "ids");
        string[] decoded = Read<string>(answer, "decoded");
        string[] writtenTexts = Read<string>(answer, "written");
        for (int i = 0; i < count; i++)
        {
            string shown = JsonSerializer.Serialize(texts[i], Readable);
            int[] ids = tokenizer.Encode(texts[i], addSpecial: false);
            if (!ids.AsSpan().SequenceEqual(encoded[i]))
            {
                different.Add($"{shown}: {string.Join(' ', encoded[i])} here {string.Join(' ', ids)}");
            }

            CompareDecoding(tokenizer, encoded[i], decoded[i], different);
            CompareDecoding(tokenizer, [.. job.written[i].Select(id => id % tokenizer.VocabSize)], writtenTexts[i], different);
        }

        Assert.That(different, Is.Empty, () => $"seed {seed}, {different.Count} of {count}:\n{string.Join('\n', different.Take(20))}");
        TestContext.Out.WriteLine($"seed {seed}: {count} texts, {tokenizer.VocabSize} tokens");
    }

    /// <summary>Tokens of any size of vocabulary, bytes above all.</summary>
    private static int[] RandomIds(Random random) =>
        [.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(random.Next(3) > 0 ? 300 : 100_000))];

    private static void CompareDecoding(Tokenizer tokenizer, int[] ids, string expected, List<string> different)
    {
        string text = tokenizer.Decode(ids);
        var stream = new StreamingDetokenizer(tokenizer);
        Assert.That(string.Concat(ids.Select(stream.Append)) + stream.Flush(), Is.EqualTo(text));
        if (text != expected)
        {
            string pieces = string.Join(' ', ids.Select(id => JsonSerializer.Serialize(tokenizer.TextOf(id), Readable)));
            different.Add($"{pieces}: {JsonSerializer.Serialize(expected, Readable)} here {JsonSerializer.Serialize(text, Readable)}");
        }
    }

    private static T[] Read<T>(JsonDocument answer, string name) => answer.RootElement.GetProperty(name).Deserialize<T[]>()!;

    private static JsonDocument Run(string job)
    {
        if (!File.Exists(Python))
        {
            Assert.Ignore($"No {Python}: nothing to compare with");
        }

        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", Script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(job);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended early; why is in its errors.
        }

        process.WaitForExit();
        if (errors.Result.Contains("No module named", StringComparison.Ordinal))
        {
            Assert.Ignore("python3-sentencepiece is not installed (tools/setup --tests)");
        }

        Assert.That(process.ExitCode, Is.Zero, errors.Result);
        return JsonDocument.Parse(output.Result);
    }
}
