using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>With <c>--json</c>, standard output is one document of the documented shape and nothing else.</summary>
public class JsonTests
{
    [Test]
    public void Devices_are_listed()
    {
        JsonElement device = Run("devices")["devices"][0];
        AssertHas(device, "index", "name", "type", "driver", "driverVersion", "apiVersion", "uuid", "capabilities");
    }

    [Test]
    public void Inspect_shows_metadata_tensors_and_memory()
    {
        Dictionary<string, JsonElement> model = Run("inspect", ReferenceData.StoriesPath);
        Assert.Multiple(() =>
        {
            Assert.That(model["config"].GetProperty("vocabSize").GetInt32(), Is.EqualTo(512));
            Assert.That(model["metadata"].GetProperty("general.architecture").GetString(), Does.Contain("llama"));
            Assert.That(
                model["tensors"].EnumerateArray().Select(tensor => tensor.GetProperty("name").GetString()),
                Does.Contain("token_embd.weight"));
            Assert.That(model["memory"].GetProperty("totalBytes").GetInt64(), Is.GreaterThan(260_000 * sizeof(float)));
        });
    }

    [Test]
    public void Generate_reports_text_ids_reason_usage_and_timings()
    {
        Dictionary<string, JsonElement> answer = Run(
            "generate", "--model", ReferenceData.StoriesPath, "--prompt", "Once upon a time", "--temperature", "0", "--max-tokens",
            "5");
        Assert.Multiple(() =>
        {
            Assert.That(answer.Keys, Is.EquivalentTo(new[] { "text", "ids", "finishReason", "usage", "timings" }));
            Assert.That(answer["text"].GetString(), Is.EqualTo(", there was a little"));
            Assert.That(answer["ids"].EnumerateArray().Select(id => id.GetInt32()), Is.EqualTo(new[] { 432, 383, 286, 261, 376 }));
            Assert.That(answer["finishReason"].GetString(), Is.EqualTo("maxTokens"));
            Assert.That(answer["usage"].GetProperty("promptTokens").GetInt32(), Is.EqualTo(5));
            Assert.That(answer["usage"].GetProperty("completionTokens").GetInt32(), Is.EqualTo(5));
            AssertHas(answer["timings"], "prefillMilliseconds", "decodeMilliseconds", "prefillTokensPerSecond", "decodeTokensPerSecond");
        });
    }

    [Test]
    public void Log_probabilities_come_where_they_are_asked_for()
    {
        Dictionary<string, JsonElement> answer = Run(
            "generate", "--model", ReferenceData.StoriesPath, "--prompt", "Once upon a time", "--temperature", "0", "--max-tokens",
            "5", "--logprobs", "2");
        JsonElement[] entries = [.. answer["logProbabilities"].EnumerateArray()];
        Assert.That(entries.Select(entry => entry.GetProperty("id").GetInt32()), Is.EqualTo(new[] { 432, 383, 286, 261, 376 }));
        foreach (JsonElement entry in entries)
        {
            Assert.That(entry.GetProperty("logProbability").GetDouble(), Is.InRange(-3, 0));
            Assert.That(entry.GetProperty("top")[0].GetProperty("id").GetInt32(), Is.EqualTo(entry.GetProperty("id").GetInt32()));
            Assert.That(entry.GetProperty("top").GetArrayLength(), Is.EqualTo(2));
        }
    }

    [Test]
    public void A_grammar_or_schema_is_kept()
    {
        using var folder = new TemporaryFolder();
        string grammar = folder.Write("g.gbnf", "root ::= \" yes\" | \" no\"\n"u8.ToArray());
        string schema = folder.Write(
            "s.json", """{"type":"object","properties":{"n":{"type":"integer","minimum":3,"maximum":9}},"required":["n"]}"""u8.ToArray());
        string[] generate = ["generate", "--model", ReferenceData.StoriesPath, "--prompt", "Once upon a time", "--temperature", "0"];
        Dictionary<string, JsonElement> answer = Run([.. generate, "--grammar", grammar]);
        Assert.That(answer["text"].GetString(), Is.EqualTo(" yes").Or.EqualTo(" no"));
        Assert.That(answer["finishReason"].GetString(), Is.EqualTo("grammarComplete"));
        answer = Run([.. generate, "--json-schema", schema]);
        Assert.That(JsonDocument.Parse(answer["text"].GetString()!).RootElement.GetProperty("n").GetInt32(), Is.InRange(3, 9));
    }

    [Test]
    public void Stop_string_ends_the_text()
    {
        Dictionary<string, JsonElement> answer = Run(
            "generate", "--model", ReferenceData.StoriesPath, "--prompt", "Once upon a time", "--temperature", "0", "--stop",
            "named Li");
        Assert.Multiple(() =>
        {
            Assert.That(answer["text"].GetString(), Is.EqualTo(", there was a little girl "));
            Assert.That(answer["finishReason"].GetString(), Is.EqualTo("stopString"));
        });
    }

    [Test]
    public void Bench_reports_every_test_and_the_check()
    {
        Dictionary<string, JsonElement> bench =
            Run("bench", "--model", ReferenceData.StoriesPath, "-p", "16", "-n", "4,8", "-b", "1,2", "-d", "0,32", "-r", "2");
        Assert.Multiple(() =>
        {
            Assert.That(
                bench["results"].EnumerateArray().Select(result => result.GetProperty("test").GetString()),
                Is.EqualTo(new[]
                {
                    "pp16", "tg4", "tg4 b2", "tg8", "tg8 b2", "pp16 @ d32", "tg4 @ d32", "tg4 b2 @ d32", "tg8 @ d32", "tg8 b2 @ d32",
                }));
            AssertHas(bench["results"][0], "tokensPerSecond", "stdDev", "gpuMilliseconds");
            Assert.That(bench.Keys, Is.SupersetOf(new[] { "device", "driver", "model" }));
            Assert.That(bench["check"].GetProperty("ok").GetBoolean(), Is.True);
        });
    }

    [Test]
    public void Bench_profiles_every_dispatch_of_a_prompt_a_step_and_a_batch()
    {
        string plot = Path.Combine(TestContext.CurrentContext.WorkDirectory, "profile.png");
        Dictionary<string, JsonElement> bench = Run(
            "bench", "--model", ReferenceData.StoriesPath, "--profile", "-p", "16", "-n", "4", "-b", "1,2", "-d", "8", "-r", "3",
            "--plot", plot);
        JsonElement[] results = [.. bench["results"].EnumerateArray()];
        Assert.Multiple(() =>
        {
            Assert.That(
                results.Select(result => result.GetProperty("test").GetString()),
                Is.EqualTo(new[] { "pp16 @ d8", "tg4 @ d8", "tg4 b2 @ d8" }));
            Assert.That(File.ReadAllBytes(plot).AsSpan(1, 3).ToArray(), Is.EqualTo("PNG"u8.ToArray()));
        });
        foreach (JsonElement result in results)
        {
            JsonElement[] rows = [.. result.GetProperty("rows").EnumerateArray()];
            Assert.Multiple(() =>
            {
                Assert.That(result.GetProperty("gpuMicroseconds").GetDouble(), Is.Positive);
                Assert.That(rows.Sum(row => row.GetProperty("count").GetInt32()), Is.EqualTo(result.GetProperty("dispatches").GetInt32()));
                Assert.That(rows.Sum(row => row.GetProperty("share").GetDouble()), Is.EqualTo(1).Within(1e-9));
                Assert.That(rows.Select(row => row.GetProperty("bytes").GetInt64()), Is.All.Positive);
                Assert.That(rows.Select(row => row.GetProperty("name").GetString()), Has.Some.StartsWith("attention_"));
            });
        }

        // Eight tokens, one that the first step chose, the warm-up's four and one of the repeats.
        JsonElement attention = results[1].GetProperty("rows").EnumerateArray().Single(
            row => row.GetProperty("name").GetString()!.StartsWith("attention_", StringComparison.Ordinal));
        Assert.That(attention.GetProperty("bytes").GetInt64() % 14, Is.Zero, "fourteen tokens");
    }

    [Test]
    public void Bench_serve_reports_every_load()
    {
        string plot = Path.Combine(TestContext.CurrentContext.WorkDirectory, "serve.png");
        Dictionary<string, JsonElement> bench = Run(
            "bench", "serve", "--model", ReferenceData.StoriesPath, "--concurrency", "1,6", "--requests", "12", "--prompt-tokens", "70..90",
            "--gen-tokens", "4..9", "--shared-prefix", "64", "--plot", plot);
        JsonElement[] results = [.. bench["results"].EnumerateArray()];
        Assert.Multiple(() =>
        {
            Assert.That(results.Select(result => result.GetProperty("concurrency").GetInt32()), Is.EqualTo(new[] { 1, 6 }));
            Assert.That(results.Select(result => result.GetProperty("requests").GetInt32()), Is.All.EqualTo(12));
            Assert.That(results.Select(result => result.GetProperty("outputTokensPerSecond").GetDouble()), Is.All.Positive);
            Assert.That(results.Select(result => result.GetProperty("preemptions").GetInt32()), Is.All.Zero);

            // The warm-up computed the prefix: two pages of each request are known.
            Assert.That(results[1].GetProperty("cachedTokens").GetInt64(), Is.EqualTo(12 * 64));
            Assert.That(results[1].GetProperty("kvPagesPeak").GetInt32(), Is.GreaterThanOrEqualTo(6));
            Assert.That(File.ReadAllBytes(plot).AsSpan(1, 3).ToArray(), Is.EqualTo("PNG"u8.ToArray()));
        });
        foreach (JsonElement result in results)
        {
            AssertHas(result, "requestsPerSecond", "requestRate");
            AssertHas(result.GetProperty("timeToFirstTokenMs"), "p50", "p90", "p99");
            AssertHas(result.GetProperty("timeBetweenTokensMs"), "p50", "p90", "p99");
        }
    }

    [Test]
    public void Bench_serve_takes_requests_of_a_file_at_a_rate()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "workload.jsonl");
        File.WriteAllText(file, "{\"prompt\": \"Once upon a time\", \"tokens\": 5}\n\n{\"promptTokens\": 9, \"tokens\": 3}\n");
        Dictionary<string, JsonElement> bench = Run(
            "bench", "serve", "--model", ReferenceData.StoriesPath, "--rate", "200", "--requests", "10", "--workload", file);
        JsonElement result = bench["results"][0];
        Assert.That(result.GetProperty("requestRate").GetDouble(), Is.EqualTo(200));
        Assert.That(result.GetProperty("requests").GetInt32(), Is.EqualTo(10));
        AssertTimed(Run("bench", "serve", "--model", ReferenceData.StoriesPath, "--rate", "200", "--workload", file), 2);

        // What was warmed up with, and what a load before has computed, is not what is timed.
        string text = string.Concat(Enumerable.Repeat("Once upon a time there was a fox. ", 20));
        File.WriteAllText(file, $"{{\"prompt\": \"{text}\", \"tokens\": 2}}\n");
        AssertTimed(Run("bench", "serve", "--model", ReferenceData.StoriesPath, "--concurrency", "1,2", "--workload", file), 1);
        File.WriteAllText(file, "{\"promptTokens\": 9}\n");
        CliRun.OnDevice("bench", "serve", "--model", ReferenceData.StoriesPath, "--workload", file)
            .AssertFailure(ExitCodes.Failure, "line 1");
    }

    private static void AssertTimed(Dictionary<string, JsonElement> bench, int requests)
    {
        foreach (JsonElement result in bench["results"].EnumerateArray())
        {
            Assert.That(result.GetProperty("requests").GetInt32(), Is.EqualTo(requests));
            Assert.That(result.GetProperty("cachedTokens").GetInt32(), Is.Zero);
        }
    }

    [Test]
    public void Synthetic_model_needs_no_file()
    {
        Dictionary<string, JsonElement> bench =
            Run("bench", "--synthetic", "tiny-46m", "--weights", "Q4_0", "-p", "8", "-n", "2", "-r", "1");
        Assert.That(bench["check"].GetProperty("nmse").GetDouble(), Is.GreaterThanOrEqualTo(0).And.LessThan(1e-3));
    }

    [Test]
    public void Same_seed_gives_the_same_tokens()
    {
        string[] command = [
            "generate", "--model", ReferenceData.StoriesPath, "--prompt", "Once", "--max-tokens", "40", "--temperature", "1.2"];
        string first = Run([.. command, "--seed", "7"])["ids"].GetRawText();
        Assert.Multiple(() =>
        {
            Assert.That(Run([.. command, "--seed", "7"])["ids"].GetRawText(), Is.EqualTo(first));
            Assert.That(Run([.. command, "--seed", "8"])["ids"].GetRawText(), Is.Not.EqualTo(first));
        });
    }

    private static Dictionary<string, JsonElement> Run(params string[] arguments)
    {
        CliRun run = CliRun.OnDevice([.. arguments, "--json"]).AssertSuccess();
        return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(run.Out)!;
    }

    private static void AssertHas(JsonElement element, params string[] names) =>
        Assert.That(element.EnumerateObject().Select(property => property.Name), Is.SupersetOf(names));
}
