using System.Text.Json;
using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Tests.Softmax;

/// <summary>Calibration from the model to the file and back, and files that are not to be trusted.</summary>
[NonParallelizable]
public sealed class SoftmaxCalibrationTests
{
    private static readonly int[] Prompt = [1, 403, 407, 261, 378, 289, 265, 340, 392, 261, 300];

    private TemporaryFolder _folder = null!;
    private string? _before;

    [SetUp]
    public void UseAFolderOfItsOwn()
    {
        _before = Environment.GetEnvironmentVariable("VKINFER_CACHE");
        _folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable("VKINFER_CACHE", _folder.FullName);
    }

    [TearDown]
    public void LeaveIt()
    {
        Environment.SetEnvironmentVariable("VKINFER_CACHE", _before);
        _folder.Dispose();
    }

    [Test]
    public void A_calibrated_model_follows_its_calibration()
    {
        SoftmaxCalibration calibration = Calibrate();
        string file = Model.SaveSoftmaxCalibration(calibration);
        Assert.That(Path.GetDirectoryName(file), Is.EqualTo(_folder.FullName));

        using Model model = Load(SoftmaxChoice.Auto);
        Assert.That(model.Softmax.Origin, Is.EqualTo("calibration"));
        Assert.That(model.Softmax.Layers, Is.EqualTo(calibration.Layers.Select(
            layer => new LayerSoftmax(layer.Softmax(layer.Decode), layer.Softmax(layer.Prefill)))));
        Assert.That(ModelInspection.Inspect(TestModels.Stories).Softmax!.Layers, Is.EqualTo(model.Softmax.Layers));
        foreach (LayerCalibration layer in calibration.Layers)
        {
            // The second layer of this model has scores from -115 to 12: wider than a range may be.
            bool isNarrow = layer.Minimum > layer.Lower;
            Assert.That(layer.Maximum, Is.LessThan(layer.Upper));
            Assert.That(layer.Decode, Is.EqualTo(isNarrow ? SoftmaxScheme.Asynchronized : SoftmaxScheme.ConditionalRescale));
        }
    }

    [Test]
    public void Every_scheme_generates_the_same()
    {
        Model.SaveSoftmaxCalibration(Calibrate());
        using Model model = Load(SoftmaxChoice.Auto);
        using Session reference = model.CreateSession(new SessionOptions { Softmax = SoftmaxChoice.Synchronized });
        int[] expected = Greedy(reference);
        Assert.That(reference.ReadSoftmaxStats(), Is.EqualTo(default(SoftmaxStats)));
        foreach (SoftmaxChoice choice in (SoftmaxChoice[])[SoftmaxChoice.Asynchronized, SoftmaxChoice.Conditional, SoftmaxChoice.Auto])
        {
            using Session session = model.CreateSession(new SessionOptions { Softmax = choice });
            Assert.That(Greedy(session), Is.EqualTo(expected), choice.ToString());
            SoftmaxStats stats = session.ReadSoftmaxStats();
            if (choice == SoftmaxChoice.Auto)
            {
                Assert.That(stats.Rate, Is.LessThan(SoftmaxCalibrator.MaxRecomputeRate));
            }

            Assert.That(stats.Rows, choice == SoftmaxChoice.Conditional ? Is.Zero : Is.GreaterThan(0), choice.ToString());
        }
    }

    [Test]
    public void A_model_of_which_nothing_is_known_rescales_conditionally()
    {
        using Model model = Load(SoftmaxChoice.Auto);
        Assert.That(model.Softmax.Layers, Has.All.EqualTo(
            new LayerSoftmax(AttentionSoftmax.ConditionalRescale, AttentionSoftmax.ConditionalRescale)));
    }

    [TestCaseSource(nameof(HostileFiles))]
    [Category("Host")]
    public void A_file_that_is_not_to_be_trusted_is_ignored(Func<SoftmaxCalibration, string> damage)
    {
        SoftmaxCalibration calibration = Calibrate();
        string file = Model.SaveSoftmaxCalibration(calibration);
        File.WriteAllText(file, damage(calibration));
        var log = new List<string>();
        SoftmaxCalibration? read = CalibrationFile.Read(calibration.Model, calibration.Layers.Count, new ListLogger(log));
        Assert.Multiple(() =>
        {
            Assert.That(read, Is.Null);
            Assert.That(log, Has.Count.EqualTo(1));
            Assert.That(log[0], Does.StartWith(file).And.Not.Contain('\n'));
        });
    }

    private static IEnumerable<TestCaseData> HostileFiles()
    {
        static TestCaseData Case(string name, Func<SoftmaxCalibration, string> damage) => new TestCaseData(damage).SetArgDisplayNames(name);
        static TestCaseData Layer(string name, Func<LayerCalibration, LayerCalibration> change) =>
            Case(name, calibration => Text(calibration with { Layers = [change(calibration.Layers[0]), .. calibration.Layers.Skip(1)] }));
        yield return Case("empty", _ => "");
        yield return Case("null", _ => "null");
        yield return Case("no JSON", _ => "\0\u0001φ");
        yield return Case("truncated", calibration => Text(calibration)[..^40]);
        yield return Case("huge", calibration => Text(calibration) + new string(' ', 2 << 20));
        yield return Case("NaN", calibration => Text(calibration).Replace("\"phi\": ", "\"phi\": NaN, \"x\": ", StringComparison.Ordinal));
        yield return Case(
            "1e999", calibration => Text(calibration).Replace("\"phi\": ", "\"phi\": 1e999, \"x\": ", StringComparison.Ordinal));
        yield return Case("other model", calibration => Text(calibration with { Model = new string('0', 64) }));
        yield return Case("other version", calibration => Text(calibration with { Version = 2 }));
        yield return Case("fewer layers", calibration => Text(calibration with { Layers = [.. calibration.Layers.Skip(1)] }));
        yield return Case("no layers", _ => "{\"version\":1,\"model\":\"x\",\"tokens\":1,\"layers\":null}");
        yield return Case("layer missing", calibration => Text(calibration with { Layers = [null!, .. calibration.Layers.Skip(1)] }));
        yield return Case(
            "unknown scheme", calibration => Text(calibration).Replace("\"Asynchronized\"", "\"Fast\"", StringComparison.Ordinal));
        yield return Layer("scheme out of range", layer => layer with { Decode = (SoftmaxScheme)77 });
        yield return Layer("bounds the wrong way round", layer => layer with { Lower = layer.Upper, Upper = layer.Lower });
        yield return Layer("bounds that let weights overflow", layer => layer with { Upper = layer.Phi + 200 });
    }

    private static string Text(SoftmaxCalibration calibration) =>
        JsonSerializer.Serialize(calibration, CalibrationJsonContext.Default.SoftmaxCalibration);

    private static Model Load(SoftmaxChoice choice) =>
        Model.Load(TestModels.Stories, TestModels.Options() with { Softmax = choice });

    private static SoftmaxCalibration Calibrate()
    {
        // On a text of the kind that it will write: its own.
        using Model model = Load(SoftmaxChoice.Auto);
        using Session session = model.CreateSession();
        Greedy(session);
        return model.CalibrateSoftmax([.. session.Tokens]);
    }

    private static int[] Greedy(Session session)
    {
        session.Append(Prompt);
        return [.. Enumerable.Range(0, 100).Select(_ => session.NextToken(SamplingOptions.Greedy))];
    }

    private sealed class ListLogger(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
