using System.Diagnostics;
using VkInfer.Cli.Settings;
using VkInfer.Research;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>Settings come from file, environment and command line, and a bad one says which.</summary>
[NonParallelizable]
public sealed class SettingsTests
{
    private TemporaryFolder _folder = null!;
    private Dictionary<string, string?> _environment = null!;

    /// <summary>Whoever runs the tests may have set options, as the run under validation does: they are put aside.</summary>
    [SetUp]
    public void CreateFolder()
    {
        _folder = new TemporaryFolder();
        string[] names = [.. Setting.All.Select(setting => setting.EnvironmentName), "VKINFER_SEDE", "VKINFER_TEST_DATA"];
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
    public void Every_option_has_a_setting() => Assert.That(
        Setting.All.Select(setting => setting.Name),
        Is.EquivalentTo(typeof(VkInferOptions).GetProperties().Concat(typeof(ResearchOptions).GetProperties())
            .Where(property => property.CanWrite).Select(property => property.Name)));

    [Test]
    public void Later_sources_win()
    {
        const string File = """{ "TopK": 1, "TopP": 0.5, "MinP": 0.5 }""";
        Environment.SetEnvironmentVariable("VKINFER_TOPK", "2");
        Environment.SetEnvironmentVariable("VKINFER_VALIDATION", "1");
        Assert.That(Read(File), Is.EqualTo(new VkInferOptions { TopK = 2, TopP = 0.5f, MinP = 0.5f, Validation = true }));
        Assert.That(
            Read(File, ("TopK", "3"), ("MinP", "0.25")),
            Is.EqualTo(new VkInferOptions { TopK = 3, TopP = 0.5f, MinP = 0.25f, Validation = true }));
    }

    [Test]
    public void A_list_is_one_value()
    {
        const string File = """{ "StopStrings": ["a", "b", "c"], "LogitBias": { "1": 1, "2": 2 }, "TopK": 3 }""";
        Assert.That(Read(File).StopStrings, Is.EqualTo(new[] { "a", "b", "c" }));
        VkInferOptions options = Read(File, ("StopStrings", "d"), ("LogitBias", "2=5"));
        Assert.That(options.StopStrings, Is.EqualTo(new[] { "d" }));
        Assert.That(options.LogitBias, Is.EqualTo(new Dictionary<int, float> { [2] = 5 }));
        Assert.That(options.TopK, Is.EqualTo(3));
        Environment.SetEnvironmentVariable("VKINFER_STOPSTRINGS", "e");
        Assert.That(Read(File).StopStrings, Is.EqualTo(new[] { "e" }));
        Assert.That(Read(File, ("StopStrings", "d")).StopStrings, Is.EqualTo(new[] { "d" }));
    }

    [TestCase("5=1.5, 7=-inf,0=-2", 3)]
    [TestCase("5=1.5", 1)]
    public void Biases_are_a_list(string text, int count)
    {
        IReadOnlyDictionary<int, float> biases = Read(null, ("LogitBias", text)).LogitBias!;
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
        () => Read(null, ("LogitBias", text)),
        IsUsage($"VkInfer:LogitBias (command line --logit-bias): \"{text}\" is not a list ID=VALUE,…"));

    [Test]
    public void A_bad_value_names_where_it_was_set()
    {
        Environment.SetEnvironmentVariable("VKINFER_TOPK", "few");
        Assert.Multiple(() =>
        {
            Assert.That(() => Read("{}"), Throws.TypeOf<OptionsException>()
                .With.Message.EqualTo("VkInfer:TopK (environment VKINFER_TOPK): \"few\" is not a whole number"));
            Assert.That(() => Read("""{ "KvType": "F8" }""", ("TopK", "1")), Throws.TypeOf<OptionsException>()
                .With.Message.EqualTo("VkInfer:KvType (appsettings.json): \"F8\" is not one of F16, F32, Q8_0"));
            Assert.That(
                () => Read("{}", ("TopK", "-1")), IsUsage("VkInfer:TopK (command line --top-k): \"-1\": TopK must be 0 (off) or more."));
        });
    }

    [Test]
    public void Unknown_keys_are_refused_and_other_programs_variables_are_not()
    {
        Assert.That(() => Read("""{ "Temprature": 1 }"""), Throws.TypeOf<OptionsException>()
            .With.Message.EqualTo("VkInfer:Temprature (appsettings.json): unknown key; did you mean Temperature?"));
        Assert.That(() => Read("""{ "Frobnicate": 1 }"""), Throws.TypeOf<OptionsException>()
            .With.Message.StartsWith("VkInfer:Frobnicate (appsettings.json): unknown key; known keys are "));
        Environment.SetEnvironmentVariable("VKINFER_TEST_DATA", "no setting, and no misspelling of one");
        Assert.That(Read("{}"), Is.EqualTo(new VkInferOptions()));
        Environment.SetEnvironmentVariable("VKINFER_SEDE", "1");
        Assert.That(() => Read("{}"), Throws.TypeOf<OptionsException>()
            .With.Message.EqualTo("VkInfer:SEDE (environment VKINFER_SEDE): unknown key; did you mean Seed?"));
    }

    [Test]
    [Platform("Linux")]
    public void A_file_that_is_a_pipe_is_an_error([Values("pipe", "/dev/zero", "link to pipe")] string kind)
    {
        string path = _folder.PathOf("appsettings.json");
        string pipe = kind == "pipe" ? path : _folder.PathOf("a pipe");
        using (Process process = Process.Start("mkfifo", [pipe]))
        {
            process.WaitForExit();
        }

        if (pipe != path)
        {
            File.CreateSymbolicLink(path, kind == "/dev/zero" ? kind : pipe);
        }

        Task<VkInferOptions> reading = Task.Run(() => Read(null));
        Assert.That(() => reading.WaitAsync(TimeSpan.FromSeconds(10)), Throws.TypeOf<CliException>().With.Message.Contains("appsettings.json"));
    }

    private static NUnit.Framework.Constraints.TrueConstraint IsUsage(string message) => Throws.TypeOf<CliException>()
        .With.Message.StartsWith(message).And.Property(nameof(CliException.IsUsage)).True;

    private VkInferOptions Read(string? section, params (string Name, string Text)[] commandLine)
    {
        if (section is not null)
        {
            File.WriteAllText(_folder.PathOf("appsettings.json"), $$"""{ "VkInfer": {{section}} }""");
        }

        return SettingsReader.Read(
            _folder.FullName, commandLine.ToDictionary(one => one.Name, one => (IReadOnlyList<string>)[one.Text])).Options;
    }
}
