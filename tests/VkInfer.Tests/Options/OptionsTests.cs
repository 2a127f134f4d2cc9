using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Tests.Options;

/// <summary>Options come from file, environment and command line, and a bad one says which.</summary>
[NonParallelizable]
public class OptionsTests
{
    private TemporaryFolder _folder = null!;
    private Dictionary<string, string?> _environment = null!;

    /// <summary>Whoever runs the tests may have set options, as the run under validation does: they are put aside.</summary>
    [SetUp]
    public void CreateFolder()
    {
        _folder = new TemporaryFolder();
        string[] names = [.. OptionKey.All.Select(key => key.EnvironmentName), "VKINFER_SEDE"];
        _environment = names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        Array.ForEach(names, name => Environment.SetEnvironmentVariable(name, null));
    }

    [TearDown]
    public void CleanUp()
    {
        _folder.Dispose();
        foreach ((string name, string? value) in _environment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    [Test]
    public void Defaults_are_those_of_the_model_and_sampling()
    {
        VkInferOptions options = Read(null);
        Assert.Multiple(() =>
        {
            Assert.That(options.ToModelOptions(), Is.EqualTo(new ModelOptions()));
            Assert.That(options.Sampling, Is.EqualTo(new SamplingOptions()));
            Assert.That(options.Warnings, Is.Empty);
        });
    }

    [Test]
    public void Every_key_is_read()
    {
        VkInferOptions options = Read("""
            { "Model": "m.gguf", "Device": "1", "KvType": "f32", "ContextLength": 100, "PrefillChunk": 128, "Softmax": "conditional", "Validation": true,
              "Quantize": "q4_0", "Temperature": 0.5, "TopK": 3, "TopP": 0.75, "MinP": 0.25, "Seed": 18446744073709551615, "MaxTokens": 7,
              "TypicalP": 0.5, "RepetitionPenalty": 1.5, "FrequencyPenalty": -1, "PresencePenalty": 2, "PenaltyWindow": 64, "LogProbabilities": 3 }
            """);
        Assert.That(options with { Warnings = [] }, Is.EqualTo(new VkInferOptions
        {
            Model = "m.gguf",
            Device = "1",
            KvType = KvType.F32,
            ContextLength = 100,
            PrefillChunk = 128,
            Softmax = SoftmaxChoice.Conditional,
            Validation = true,
            Quantize = WeightType.Q4_0,
            Sampling = new SamplingOptions
            {
                Temperature = 0.5f,
                TopK = 3,
                TopP = 0.75f,
                MinP = 0.25f,
                Seed = ulong.MaxValue,
                TypicalP = 0.5f,
                RepetitionPenalty = 1.5f,
                FrequencyPenalty = -1,
                PresencePenalty = 2,
                PenaltyWindow = 64,
                LogProbabilities = 3,
            },
            MaxTokens = 7,
            Warnings = [],
        }));
    }

    [TestCase("5=1.5, 7=-inf,0=-2", 3)]
    [TestCase("5=1.5", 1)]
    public void Biases_are_a_list(string text, int count)
    {
        IReadOnlyDictionary<int, float> biases = Read(null, "--logit-bias", text).Sampling.LogitBias!;
        Assert.That(biases, Has.Count.EqualTo(count));
        Assert.That(biases[5], Is.EqualTo(1.5f));
        Assert.That(count == 1 || float.IsNegativeInfinity(biases[7]), Is.True);
    }

    [TestCase("5")]
    [TestCase("5=")]
    [TestCase("=1")]
    [TestCase("-1=1")]
    [TestCase("5=1,5=2")]
    [TestCase("5=inf")]
    [TestCase("5=nan")]
    [TestCase("5=1,")]
    public void Bad_biases_are_usage(string text) => Assert.That(
        () => Read(null, "--logit-bias", text),
        IsUsage($"VkInfer:LogitBias (command line --logit-bias): \"{text}\" is not a list ID=VALUE,…"));

    [Test]
    public void Later_sources_win()
    {
        const string File = """{ "TopK": 1, "TopP": 0.5, "MinP": 0.5 }""";
        Environment.SetEnvironmentVariable("VKINFER_TOPK", "2");
        Assert.Multiple(() =>
        {
            Assert.That(Read(File).Sampling.TopK, Is.EqualTo(2));
            Assert.That(Read(File, "--top-k", "3", "--min-p=0.25").Sampling,
                Is.EqualTo(new SamplingOptions { TopK = 3, TopP = 0.5f, MinP = 0.25f }));
        });
    }

    [Test]
    public void Bad_value_names_key_source_value_and_what_is_allowed()
    {
        Environment.SetEnvironmentVariable("VKINFER_TOPK", "few");
        Assert.Multiple(() =>
        {
            Assert.That(() => Read(null), Throws.TypeOf<OptionsException>()
                .With.Message.EqualTo("VkInfer:TopK (environment VKINFER_TOPK): \"few\" is not a whole number from 0"));
            Assert.That(() => Read("""{ "KvType": "F8" }"""), Throws.TypeOf<OptionsException>()
                .With.Message.EqualTo("VkInfer:KvType (appsettings.json): \"F8\" is not one of F16, F32"));
            Assert.That(
                () => Read("""{ "Device": ["a", "b"] }"""), Throws.TypeOf<OptionsException>().With.Message.Contains("a list or group"));
        });
    }

    [Test]
    public void Command_line_faults_are_usage()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                () => Read(null, "--top-k", "-1"), IsUsage("VkInfer:TopK (command line --top-k): \"-1\" is not a whole number from 0"));
            Assert.That(() => Read(null, "--frobnicate", "1"), IsUsage("\"--frobnicate\" is not one of --model"));
            Assert.That(() => Read(null, "--top-k"), IsUsage("--top-k needs a value"));
        });
    }

    [Test]
    public void Unknown_keys_are_warned_about()
    {
        Environment.SetEnvironmentVariable("VKINFER_SEDE", "1");
        Assert.That(Read("""{ "Temprature": 1, "Frobnicate": 1 }""").Warnings, Is.EquivalentTo(new[]
        {
            "VkInfer:Frobnicate (appsettings.json): unknown key; known keys are "
                + string.Join(", ", OptionKey.All.Select(key => key.Name)),
            "VkInfer:Temprature (appsettings.json): unknown key; did you mean Temperature?",
            "VKINFER_SEDE: unknown environment variable; did you mean VKINFER_SEED?",
        }));
    }

    [Test]
    public void Null_sets_nothing() =>
        Assert.That(Read("""{ "Model": null, "Seed": null }"""), Is.EqualTo(Read(null)).Using<VkInferOptions>(
        (a, b) => a with { Warnings = [] } == b with { Warnings = [] }));

    private static NUnit.Framework.Constraints.TrueConstraint IsUsage(string message) => Throws.TypeOf<OptionsException>()
        .With.Message.StartsWith(message).And.Property(nameof(OptionsException.IsFromCommandLine)).True;

    private VkInferOptions Read(string? section, params string[] arguments)
    {
        if (section is not null)
        {
            File.WriteAllText(Path.Combine(_folder.FullName, "appsettings.json"), $"{{ \"VkInfer\": {section} }}");
        }

        return OptionsReader.Read(_folder.FullName, OptionsSource.FromArguments(arguments));
    }
}
