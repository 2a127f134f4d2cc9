using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.Dataflow;

/// <summary>Tables of linear layers: measured, kept, looked up; and refused with one line where they are not to be trusted.</summary>
[NonParallelizable]
public sealed class LinearTuningTests
{
    private TemporaryFolder _folder = null!;
    private string? _before;
    private LinearTuning? _small;

    [SetUp]
    public void UseOwnFolder()
    {
        _folder = new TemporaryFolder();
        _before = Environment.GetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable);
        Environment.SetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable, _folder.FullName);
    }

    [TearDown]
    public void Restore()
    {
        Environment.SetEnvironmentVariable(GpuCacheFolder.EnvironmentVariable, _before);
        _folder.Dispose();
    }

    [Test]
    public void A_tuned_model_looks_up_what_was_measured_and_says_the_same()
    {
        int[] prompt = [1, 5, 9, 2, 7, 7, 3];
        int[] expected;
        string path;
        using (Model model = Load(null))
        {
            expected = Generate(model, prompt);
            LinearTuning tuning = Tune(model);
            Assert.That(tuning.Tables, Is.Not.Empty);
            Assert.That(tuning.Problems.Where(problem => !problem.Contains("no time", StringComparison.Ordinal)), Is.Empty);
            foreach (LinearTable table in tuning.Tables)
            {
                Assert.That(table.Points[0].M, Is.EqualTo(1));
                Assert.That(table.Points.Select(point => point.M), Is.Ordered.Ascending);
                Assert.That(table.Points.SelectMany(point => point.Times).Select(time => time.Microseconds), Is.All.Positive);
                Assert.That(table.LastFlat, Is.GreaterThanOrEqualTo(table.LastGemv));
            }

            path = model.SaveLinearTuning(tuning);
            Assert.That(model.ReadLinearTuning()!.Tables, Has.Count.EqualTo(tuning.Tables.Count));
        }

        var log = new Lines();
        using Model tuned = Load(log);
        Assert.That(log.Messages.Where(line => line.Contains("ignored", StringComparison.Ordinal)), Is.Empty);
        Assert.That(Generate(tuned, prompt), Is.EqualTo(expected));
        Assert.That(File.Exists(path));
    }

    [TestCase("gemv")]
    [TestCase("flat")]
    [TestCase("tiled")]
    public void Every_form_gives_the_same_tokens(string form)
    {
        int[] prompt = [1, 5, 9, 2, 7, 7, 3];
        using Model auto = Load(null);
        using Model forced = Model.CreateSynthetic(
            "tiny-46m", WeightType.F32, Options(null) with { Linear = Enum.Parse<LinearChoice>(form, ignoreCase: true) }, layers: 1);
        Assert.That(Generate(forced, prompt), Is.EqualTo(Generate(auto, prompt)));
    }

    [Test]
    public void The_tables_that_come_with_the_library_are_of_this_build()
    {
        if (!ShaderLibrary.Contains("gemm_f16_f16_flat"))
        {
            Assert.Inconclusive("this build has no matrix products");
        }

        // What an H200 can do, as far as tilings ask.
        using Model model = Load(null);
        KernelContext h200 = new(model.Gpu)
        {
            IsSoftware = false,
            Capabilities = model.Gpu.Capabilities with
            {
                SubgroupSize = 32,
                MinSubgroupSize = 32,
                MaxWorkgroupInvocations = 1024,
                MaxSharedMemoryBytes = 48 << 10,
                Float16 = true,
                Storage16 = true,
                VulkanMemoryModel = true,
                SubgroupShuffle = true,
                IntegerDotProductAccelerated = true,
                CooperativeMatrixShapes =
                [
                    .. new[] { (16, 16), (16, 8) }.Select(shape => new CooperativeMatrixShape(
                        shape.Item1, shape.Item2, 16, MatrixComponentType.Float16, MatrixComponentType.Float16, MatrixComponentType.Float32,
                        MatrixComponentType.Float32, Saturating: false)),
                ],
            },
        };
        LinearTuning shipped = LinearTuningFile.ReadShipped(model.Device with { Name = "NVIDIA H200", DriverName = "NVIDIA" })!;
        Assert.That(shipped.Tables, Is.Not.Empty);
        Assert.That(() => LinearDataflow.Create(h200, shipped.Tables), Throws.Nothing);
        Assert.That(shipped.WorstExcess, Is.LessThan(0.03));

        // A table of one's own hides those of its shapes alone.
        LinearTuning own = shipped with { Tables = [shipped.Tables[1] with { Points = shipped.Tables[1].Points.Take(1).ToArray() }] };
        LinearTuning both = LinearTuningFile.Complete(own, shipped)!;
        Assert.That(both.Tables, Is.EquivalentTo(shipped.Tables.Where((_, i) => i != 1).Append(own.Tables[0])));
        Assert.That(LinearTuningFile.Complete(null, shipped), Is.Null);
    }

    [TestCase("truncated")]
    [TestCase("empty")]
    [TestCase("another device")]
    [TestCase("another driver")]
    [TestCase("other shaders")]
    [TestCase("unknown tiling")]
    [TestCase("a tiling of zeros")]
    [TestCase("unknown gemv")]
    [TestCase("NaN")]
    [TestCase("negative time")]
    [TestCase("negative M")]
    [TestCase("M that falls")]
    [TestCase("no times")]
    [TestCase("too many tables")]
    [TestCase("huge")]
    [Category("Host")]
    public void A_table_that_is_not_to_be_trusted_is_ignored_with_one_line(string damage)
    {
        string path;
        string text;
        using (Model model = Load(null))
        {
            LinearTuning tuning = Small(model);
            path = model.SaveLinearTuning(tuning);
            text = File.ReadAllText(path);
        }

        var clean = new Lines();
        Load(clean).Dispose();
        Assert.That(
            clean.Messages.Where(line => line.Contains("ignored", StringComparison.Ordinal)), Is.Empty, "the table as it was written");

        File.WriteAllText(path, Damage(text, damage));
        var log = new Lines();
        using Model loaded = Load(log);
        string[] warnings = [.. log.Messages.Where(line => line.Contains("ignored", StringComparison.Ordinal))];
        Assert.That(warnings, Has.Length.EqualTo(1));
        Assert.That(warnings[0], Does.Contain(path).And.Not.Contain("\n"));
        Generate(loaded, [1, 2, 3]);
    }

    private static string Damage(string text, string damage)
    {
        JsonNode root = JsonNode.Parse(text)!;
        JsonNode table = root["tables"]![0]!;
        JsonNode point = table["points"]![0]!;
        JsonNode time = point["times"]![0]!;
        switch (damage)
        {
            case "truncated":
                return text[..(text.Length / 2)];
            case "empty":
                return "null";
            case "huge":
                return new string(' ', 5 << 20) + text;
            case "NaN":
                return text.Replace("\"microseconds\": 1.5", "\"microseconds\": NaN", StringComparison.Ordinal);
            case "another device":
                root["device"] = "another";
                break;
            case "another driver":
                root["driverVersion"] = "0";
                break;
            case "other shaders":
                root["shaders"] = "00";
                break;
            case "unknown tiling":
                time["tiling"] = "vectors 3 3 3";
                break;
            case "a tiling of zeros":
                time["tiling"] = "direct 0 0 0";
                break;
            case "unknown gemv":
                table["gemv"]!["tiling"] = "gemv 1000000 2 2";
                break;
            case "negative time":
                time["microseconds"] = -1;
                break;
            case "negative M":
                point["m"] = -1;
                break;
            case "M that falls":
                table["points"]![1]!["m"] = 1;
                break;
            case "no times":
                point["times"] = new JsonArray();
                break;
            case "too many tables":
                root["tables"] = new JsonArray([.. Enumerable.Range(0, 5000).Select(_ => table.DeepClone())]);
                break;
        }

        return root.ToJsonString();
    }

    /// <summary>One shape with two points, whose times can be found in the text.</summary>
    private LinearTuning Small(Model model)
    {
        _small ??= Tune(model);
        LinearTable table = _small.Tables[0];
        LinearTime[] times = [.. table.Points[0].Times.Select(time => time with { Microseconds = 1.5 })];
        return _small with { Tables = [table with { Points = [new LinearPoint(1, times), new LinearPoint(2, times)] }] };
    }

    /// <summary>In as little time as gives each table a point; a second, unless the machine is busy.</summary>
    private static LinearTuning Tune(Model model)
    {
        for (int seconds = 1; ; seconds *= 2)
        {
            LinearTuning tuning = model.TuneLinear(TimeSpan.FromSeconds(seconds));
            if (seconds > 100 || tuning.Tables.All(table => table.Points.Count > 0))
            {
                return tuning;
            }
        }
    }

    private static int[] Generate(Model model, int[] prompt)
    {
        using Session session = model.CreateSession();
        session.Append(prompt);
        return [.. Enumerable.Range(0, 6).Select(_ => session.NextToken(SamplingOptions.Greedy))];
    }

    private static ModelOptions Options(ILogger? logger) =>
        new() { Device = TestModels.Device, Validation = TestModels.Validation, ContextLength = 64, Logger = logger };

    private static Model Load(ILogger? logger) => Model.CreateSynthetic("tiny-46m", WeightType.F32, Options(logger), layers: 1);

    private sealed class Lines : ILogger
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}
