using System.Text.Json;
using VkInfer.Cli.Perplexity;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>Perplexity: the arithmetic, the command, and agreement with another implementation.</summary>
public class PerplexityTests
{
    private const string Separator = "\n<|endoftext|>\n";

    // A document counts up to this many tokens, with its BOS.
    private const int LongestDocument = 513;

    [TestCase(0, 0.5)]
    [TestCase(1, 0.25)]
    [TestCase(2, 0.25)]
    public void Likelihood_is_the_softmax(int token, double probability)
    {
        // Far from zero on purpose: exp of these alone would overflow.
        float[] logits = [1000 + MathF.Log(2), 1000, 1000];
        Assert.That(Math.Exp(-PerplexityEvaluator.NegativeLogLikelihood(logits, token)), Is.EqualTo(probability).Within(1e-4));
    }

    [TestCase(false, 3)]
    [TestCase(true, 7)]
    public void Each_full_window_is_scored(bool all, int scoredPerWindow)
    {
        string model = ReferenceData.StoriesPath;
        using var folder = new TemporaryFolder();
        string file = folder.Write("story.txt", "Once upon a time, there was a little girl named Lily. She loved to play."u8.ToArray());
        using JsonDocument ids = JsonDocument.Parse(CliRun.Of("tokenize", "--model", model, "--file", file).AssertSuccess().Out);
        int windows = (ids.RootElement.GetProperty("ids").GetArrayLength() + 1) / 8;

        string[] command = ["perplexity", "--model", model, "--file", file, "--context", "8"];
        CliRun run = CliRun.OnDevice(all ? [.. command, "--all"] : command).AssertSuccess();

        using JsonDocument result = JsonDocument.Parse(run.Out);
        Assert.Multiple(() =>
        {
            Assert.That(windows, Is.GreaterThan(1));
            Assert.That(result.RootElement.GetProperty("tokens").GetInt32(), Is.EqualTo(windows * scoredPerWindow));
            Assert.That(result.RootElement.GetProperty("perplexity").GetDouble(), Is.InRange(1, 30));
        });
    }

    [Test]
    [Category("Acceptance")]
    public void Documents_agree_with_the_reference() => CheckDocuments(all: false);

    [Test]
    [Category("Release")]
    public void All_documents_agree_with_the_reference() => CheckDocuments(all: true);

    [TestCase(false, 40)]
    [TestCase(true, 12)]
    [Category("Acceptance")]
    public void A_cache_of_bytes_costs_less_than_a_thousandth(bool isEmbedded, int documents)
    {
        string[] texts = File.ReadAllText(ReferenceData.Find("text/tinystories-valid.txt")).Split(Separator)[..documents];
        var options = new ModelOptions { Device = CliRun.Device };
        using Model model = isEmbedded ? Model.LoadDefault(options) : Model.Load(ReferenceData.StoriesPath, options);
        double PerplexityOf(KvType type)
        {
            using Session session = model.CreateSession(new SessionOptions { KvType = type });
            PerplexityResult[] results = [.. texts.Select(text => Score(session, text))];
            return Math.Exp(results.Sum(result => result.Sum) / results.Sum(result => result.Tokens));
        }

        double halves = PerplexityOf(KvType.F16);
        double bytes = PerplexityOf(KvType.Q8_0);
        TestContext.Out.WriteLine($"perplexity {halves} with F16, {bytes} with Q8_0");
        Assert.That(bytes, Is.EqualTo(halves).Within(0.1).Percent);
    }

    /// <summary>The first documents have figures of their own in the reference; all have one together.</summary>
    private static void CheckDocuments(bool all)
    {
        string[] documents = File.ReadAllText(ReferenceData.Find("text/tinystories-valid.txt")).Split(Separator);
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(ReferenceData.Find("goldens/stories260K-llama2c/golden.json")));
        JsonElement reference = golden.RootElement.GetProperty("stories260K").GetProperty("per_document_nll");
        using Model model = Model.Load(ReferenceData.StoriesPath, new ModelOptions { Device = CliRun.Device });
        using Session session = model.CreateSession();

        JsonElement[] first = [.. reference.GetProperty("first_docs").EnumerateArray()];
        double sum = 0;
        int tokens = 0;
        for (int i = 0; i < (all ? reference.GetProperty("docs").GetInt32() : first.Length); i++)
        {
            PerplexityResult result = Score(session, documents[i]);
            sum += result.Sum;
            tokens += result.Tokens;
            if (i < first.Length)
            {
                Assert.That(result.Tokens, Is.EqualTo(first[i].GetProperty("tokens").GetInt32()), $"document {i}");
                Assert.That(result.Sum, Is.EqualTo(first[i].GetProperty("nll_sum").GetDouble()).Within(0.5).Percent, $"document {i}");
            }
        }

        TestContext.Out.WriteLine($"perplexity {Math.Exp(sum / tokens)} of {tokens} tokens");
        if (all)
        {
            Assert.That(tokens, Is.EqualTo(reference.GetProperty("tokens").GetInt32()));
            Assert.That(Math.Exp(sum / tokens), Is.EqualTo(reference.GetProperty("ppl").GetDouble()).Within(0.5).Percent);
        }
    }

    private static PerplexityResult Score(Session session, string document)
    {
        var whole = new PerplexityEvaluator(session, 0, scoreAll: true);
        int[] ids = whole.Tokenize(document);
        ids = ids[..Math.Min(ids.Length, LongestDocument)];
        return new PerplexityEvaluator(session, ids.Length, scoreAll: true).Evaluate(ids, null, CancellationToken.None);
    }
}
