using Microsoft.Extensions.Configuration;
using VkInfer.Kernels;

namespace VkInfer.Tests.Options;

/// <summary>Options are bound from a configuration, and a bad one says which.</summary>
public sealed class OptionsTests
{
    [Test]
    public void Nothing_is_set_by_nothing()
    {
        VkInferOptions options = Read();
        Assert.That(options, Is.EqualTo(new VkInferOptions()));
        Assert.That(options.ToGenerationOptions(), Is.EqualTo(new GenerationOptions()));
        Assert.That(Read(("Model", null), ("Seed", null)), Is.EqualTo(options), "null sets nothing");
    }

    [Test]
    public void Every_key_is_read()
    {
        VkInferOptions options = Read(
            ("Model", "m.gguf"), ("Device", "1"), ("KvType", "f32"), ("ContextLength", "100"), ("PrefillChunk", "128"),
            ("Validation", "true"), ("Quantize", "q4_0"), ("Temperature", "0.5"),
            ("TopK", "3"), ("TopP", "0.75"), ("MinP", "0.25"), ("Seed", "18446744073709551615"), ("MaxTokens", "7"), ("TypicalP", "0.5"),
            ("RepetitionPenalty", "1.5"), ("FrequencyPenalty", "-1"), ("PresencePenalty", "2"), ("PenaltyWindow", "64"),
            ("LogProbabilities", "3"), ("LogitBias:5", "1.5"), ("LogitBias:7", "-Infinity"), ("StopStrings:0", "a"),
            ("StopStrings:1", "b"), ("IgnoreEndOfText", "true"), ("Speculates", "true"), ("Priority", "-1"), ("Deadline", "00:00:30"),
            ("Overflow", "dropOldestTurns"), ("MaxKvPages", "12"), ("PrefixCaching", "false"), ("Reproducible", "true"), ("Draft", "d.gguf"),
            ("Scheduling", "throughputFirst"));
        var biases = new Dictionary<int, float> { [5] = 1.5f, [7] = float.NegativeInfinity };
        Assert.That(options, Is.EqualTo(new VkInferOptions
        {
            Model = "m.gguf",
            Device = "1",
            KvType = KvType.F32,
            ContextLength = 100,
            PrefillChunk = 128,
            Scheduling = SchedulingPolicy.ThroughputFirst,
            MaxKvPages = 12,
            PrefixCaching = false,
            Reproducible = true,
            Draft = "d.gguf",
            Validation = true,
            Quantize = WeightType.Q4_0,
            Temperature = 0.5f,
            TopK = 3,
            TopP = 0.75f,
            MinP = 0.25f,
            Seed = ulong.MaxValue,
            MaxTokens = 7,
            TypicalP = 0.5f,
            RepetitionPenalty = 1.5f,
            FrequencyPenalty = -1,
            PresencePenalty = 2,
            PenaltyWindow = 64,
            LogProbabilities = 3,
            LogitBias = biases,
            StopStrings = ["a", "b"],
            IgnoreEndOfText = true,
            Speculates = true,
            Priority = -1,
            Deadline = TimeSpan.FromSeconds(30),
            Overflow = ContextOverflow.DropOldestTurns,
        }));
        Assert.That(
            typeof(VkInferOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.GetValue(options)), Has.None.Null, "a new option");
    }

    [Test]
    public void Answers_get_every_option()
    {
        string[] own = [.. typeof(VkInferOptions).GetProperties().Select(property => property.Name)];
        Assert.That(own, Is.SupersetOf(typeof(SamplingOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.Name)));
        string[] byCode = [nameof(GenerationOptions.Sampling), nameof(GenerationOptions.Grammar)];
        Assert.That(
            own, Is.SupersetOf(typeof(GenerationOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.Name).Except(byCode)));
        GenerationOptions all = Read(
            ("Temperature", "0.5"), ("TopK", "3"), ("TopP", "0.75"), ("MinP", "0.25"), ("Seed", "1"), ("MaxTokens", "7"),
            ("TypicalP", "0.5"), ("RepetitionPenalty", "1.5"), ("FrequencyPenalty", "-1"), ("PresencePenalty", "2"),
            ("PenaltyWindow", "64"), ("LogProbabilities", "3"), ("LogitBias:5", "1.5"), ("StopStrings:0", "a"), ("IgnoreEndOfText", "true"),
            ("Speculates", "true"), ("Priority", "-1"), ("Deadline", "00:00:30"), ("Overflow", "error")).ToGenerationOptions();
        Assert.That(typeof(GenerationOptions).GetProperties().Where(p => p.CanWrite && p.Name != "Grammar").Select(p => p.GetValue(all)),
            Has.None.Null);
        Assert.That(typeof(SamplingOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.GetValue(all.Sampling)), Has.None.Null);
    }

    [TestCase("KvType", "F8", "\"F8\" is not one of F16, F32, Q8_0")]
    [TestCase("TopK", "few", "\"few\" is not a whole number")]
    [TestCase("TopK", "-1", "\"-1\": TopK must be 0 (off) or more.")]
    [TestCase("Temperature", "NaN", "\"NaN\": Temperature must be from 0 (greedy) to 100.")]
    [TestCase("Quantize", "Q2_K", "\"Q2_K\": Quantize must be Q8_0 or Q4_0.")]
    [TestCase("Deadline", "soon", "\"soon\" is not a time, as 00:00:30")]
    [TestCase("Validation", "perhaps", "\"perhaps\" is not true or false")]
    [TestCase("ContextLength", "0", "\"0\": ContextLength must be 1 token or more.")]
    [TestCase("Device:0", "a", "a list or group is not a text")]
    [TestCase("StopStrings", "a", "\"a\" is not a list or group")]
    [TestCase("Temprature", "1", "unknown key; did you mean Temperature?")]
    [TestCase("Frobnicate", "1", "unknown key; known keys are Model, ")]
    public void A_bad_value_names_its_key_and_what_is_allowed(string key, string value, string problem)
    {
        OptionsException thrown = Assert.Throws<OptionsException>(() => Read((key, value)))!;
        Assert.That(thrown.Message, Does.StartWith($"VkInfer:{key.Split(':')[0]}: {problem}").And.Not.Contains("\n"));
        Assert.That(thrown.Key, Is.EqualTo(key.Split(':')[0]));
    }

    [Test]
    public void What_a_configuration_does_not_say_stays()
    {
        var options = new VkInferOptions { TopK = 1, TopP = 0.5f };
        options.Bind(Section(("TopK", "2")));
        Assert.That(options, Is.EqualTo(new VkInferOptions { TopK = 2, TopP = 0.5f }));
    }

    private static VkInferOptions Read(params (string Key, string? Value)[] values) => VkInferOptions.From(Section(values));

    private static IConfigurationSection Section(params (string Key, string? Value)[] values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create($"VkInfer:{pair.Key}", pair.Value))).Build().GetSection("VkInfer");
}
