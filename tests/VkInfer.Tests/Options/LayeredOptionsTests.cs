using VkInfer.Loading;
using VkInfer.Testing;
using VkInfer.Tests.Hostile;
using VkInfer.Tests.Metadata;

namespace VkInfer.Tests.Options;

/// <summary>Options that are not set are left to the layer below, and equal ones are equal.</summary>
public sealed class LayeredOptionsTests
{
    private static readonly SamplingOptions Every = new()
    {
        Temperature = 0.5f,
        TopK = 3,
        TopP = 0.75f,
        MinP = 0.25f,
        TypicalP = 0.5f,
        RepetitionPenalty = 1.5f,
        FrequencyPenalty = -1,
        PresencePenalty = 2,
        PenaltyWindow = 64,
        LogitBias = new Dictionary<int, float> { [3] = 1 },
        LogProbabilities = 3,
        Seed = 7,
    };

    [Test]
    public void What_is_set_lies_over_what_is_below()
    {
        GenerationOptions every = new()
        {
            Sampling = Every,
            MaxTokens = 5,
            StopStrings = ["a"],
            IgnoreEndOfText = true,
            Grammar = Grammar.JsonSchema.Compile("""{"type": "boolean"}"""),
            Speculates = true,
            Priority = 2,
            Deadline = TimeSpan.FromSeconds(1),
            Overflow = ContextOverflow.Error,
        };
        Assert.Multiple(() =>
        {
            // Every member: a new one that Over forgets is null here.
            Assert.That(typeof(GenerationOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.GetValue(every)), Has.None.Null);
            Assert.That(typeof(SamplingOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.GetValue(Every)), Has.None.Null);
            Assert.That(new GenerationOptions().Over(every), Is.EqualTo(every));
            Assert.That(every.Over(new GenerationOptions { Sampling = SamplingOptions.Default, MaxTokens = 9 }), Is.EqualTo(every));
            Assert.That(
                new SamplingOptions { TopK = 0 }.Over(Every), Is.EqualTo(Every with { TopK = 0 }), "0 is set: it keeps all tokens");
            Assert.That(new SamplingOptions { LogitBias = new Dictionary<int, float>() }.Over(Every).LogitBias, Is.Empty);
        });
    }

    [Test]
    public void Equal_options_are_equal_and_nobody_changes_them()
    {
        var biases = new Dictionary<int, float> { [3] = 1, [9] = float.NegativeInfinity };
        List<string> stops = ["a", "b"];
        GenerationOptions options = new() { Sampling = new() { LogitBias = biases }, StopStrings = stops };
        GenerationOptions same = new()
        {
            Sampling = new() { LogitBias = new Dictionary<int, float> { [9] = float.NegativeInfinity, [3] = 1 } },
            StopStrings = ["a", "b"],
        };
        Assert.That(options, Is.EqualTo(same));
        Assert.That(options.GetHashCode(), Is.EqualTo(same.GetHashCode()));
        biases[3] = 2;
        stops.Clear();
        Assert.That(options, Is.EqualTo(same));
        Assert.That(options, Is.Not.EqualTo(same with { StopStrings = ["b", "a"] }));
        Assert.That(options.Sampling, Is.Not.EqualTo(new SamplingOptions { LogitBias = biases }));
        Assert.That(options.StopStrings, Is.Not.InstanceOf<string[]>().And.Not.InstanceOf<List<string>>());
        Assert.That(options.Sampling.LogitBias, Is.Not.InstanceOf<Dictionary<int, float>>());
    }

    [Test]
    public void A_call_lies_over_its_session_and_that_over_the_files()
    {
        var file = new TinyLlama();
        file.Metadata["general.sampling.temp"] = 0f;
        file.Metadata["general.sampling.top_k"] = 3;
        using var written = new TemporaryFile(file.ToArray());
        using Model model = Model.Load(written.Path, new ModelOptions { Device = TestModels.Device });
        Assert.That(model.RecommendedSampling, Is.EqualTo(new SamplingOptions { Temperature = 0, TopK = 3 }));
        int[] most = Tokens(model, null, null);
        Assert.Multiple(() =>
        {
            Assert.That(Tokens(model, null, SamplingOptions.Greedy), Is.EqualTo(most), "greedy, as the file says");
            Assert.That(Tokens(model, Only(5), null), Is.All.EqualTo(5), "the session says more than the file");
            Assert.That(Tokens(model, Only(5), Only(6)), Is.All.EqualTo(6), "and the call more than the session");
            Assert.That(
                Tokens(model, Only(5), new SamplingOptions { Temperature = 1, Seed = 1 }), Is.All.EqualTo(5), "what a call leaves unset");
        });
    }

    [Test]
    public void Recommendations_are_those_of_the_files_and_survive_conversion()
    {
        using var folder = new TinyFolder();
        folder.File(
            "generation_config.json",
            """{"do_sample": true, "temperature": 0.6, "top_k": -1, "top_p": 0.9, "repetition_penalty": 1.05, "typical_p": null}""");
        using var target = new TemporaryFolder();
        ModelConverter.Convert(folder.Write(), target.PathOf("out.gguf"));
        using ModelSource source = ModelSource.Open(folder.Path);
        using ModelSource written = ModelSource.Open(target.PathOf("out.gguf"));
        SamplingOptions wanted = new() { Temperature = 0.6f, TopK = 0, TopP = 0.9f, RepetitionPenalty = 1.05f };
        Assert.That(source.ReadSampling(), Is.EqualTo(wanted));
        Assert.That(written.ReadSampling(), Is.EqualTo(wanted));
        folder.File("generation_config.json", """{"do_sample": false, "temperature": 0.6}""");
        Assert.That(source.ReadSampling(), Is.EqualTo(new SamplingOptions { Temperature = 0 }));
    }

    [Test]
    public void A_recommendation_that_is_not_allowed_is_left_out_and_a_warning_tells()
    {
        var logger = new ListLogger();
        using var folder = new TinyFolder();
        folder.File("generation_config.json", """{"temperature": 0.6, "top_p": 0}""");
        using ModelSource source = ModelSource.Open(folder.Write(), logger);
        Assert.That(source.ReadSampling(), Is.EqualTo(new SamplingOptions()));
        Assert.That(logger.Warnings, Has.Some.Contains("TopP"));
    }

    private static SamplingOptions Only(int token) => new() { LogitBias = new Dictionary<int, float> { [token] = 1e6f } };

    private static int[] Tokens(Model model, SamplingOptions? session, SamplingOptions? call)
    {
        using Session one = model.CreateSession(new SessionOptions { Sampling = session });
        one.Append([1, 50, 60]);
        return [.. Enumerable.Range(0, 5).Select(_ => one.NextToken(call))];
    }
}
