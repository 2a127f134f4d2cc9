using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VkInfer.Tokenization.Tests;

/// <summary>
/// BPE models that SentencePiece trains on random texts, encoding random texts: SentencePiece and ours. Of unigram models, whose scores it
/// adds in single precision, equally likely ways are told apart by rounding.
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
                   "decoded": [sp.decode(sp.encode(text)) for text in job["texts"]]}, sys.stdout)
        """;

    [TestCase("bpe", "identity", true, true)]
    [TestCase("bpe", "nmt_nfkc", true, false)]
    [TestCase("bpe", "identity", false, true)]
    public void Random_texts_give_the_ids_of_sentence_piece(string kind, string rule, bool addsPrefix, bool hasBytes)
    {
        const int Seed = 7;
        const int Count = 1000;
        var random = new Random(Seed);
        string[] texts = [.. Enumerable.Range(0, Count).Select(_ => RandomText.Create(random, 16, ["   "]))];
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
                // Where normalisation joins spaces, SentencePiece keeps symbols from it that are in the text as such.
                ["user_defined_symbols"] = rule == "identity" ? "▁▁▁" : "",
            },
            texts,
        };
        using JsonDocument answer = Run(JsonSerializer.Serialize(job));
        var tokenizer = Tokenizer.Create(SentencePieceModel.Read(answer.RootElement.GetProperty("model").GetBytesFromBase64()));
        using IDisposable scope = Assert.EnterMultipleScope();
        for (int i = 0; i < Count; i++)
        {
            int[] ids = [.. answer.RootElement.GetProperty("ids")[i].EnumerateArray().Select(id => id.GetInt32())];
            string shown = JsonSerializer.Serialize(texts[i], Readable);
            Assert.That(tokenizer.Encode(texts[i], addSpecial: false), Is.EqualTo(ids), $"seed {Seed}, {shown}");
        }

        TestContext.Out.WriteLine($"seed {Seed}: {Count} texts");
    }

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
