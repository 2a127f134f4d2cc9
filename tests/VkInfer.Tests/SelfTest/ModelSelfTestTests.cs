using Microsoft.Extensions.Logging;
using VkInfer.Kernels;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Tests.SelfTest;

/// <summary>Models on devices whose drivers compile a shader wrongly.</summary>
public sealed class ModelSelfTestTests
{
    // What the built-in model takes on lavapipe: a matrix product without shared memory, and one subgroup to a workgroup.
    private const string Direct = "gemm_q8_0_f32_direct";
    private const string Vector = "gemv_";
    private const uint Tile = 3;

    [Test]
    public void Another_form_takes_the_place_of_one_that_is_broken_and_gives_the_same_answer()
    {
        var log = new TestLog();
        (int[] expected, float[] logits, _) = Answer(new TestLog(), null);
        (int[] tokens, float[] other, IReadOnlyCollection<string> leftOut) = Answer(
            log, (shader, _) => shader.Name == Usual ? BrokenShader.Of(shader) : shader);
        Assert.Multiple(() =>
        {
            Assert.That(leftOut, Is.EqualTo(new[] { Usual }));
            Assert.That(log.Warnings, Has.Exactly(1).Contains(Usual).And.Exactly(1).Contains("wrong results"));
            Assert.That(tokens, Is.EqualTo(expected));
            Assert.That(other, Is.EqualTo(logits).Within(0.02f));
        });
    }

    [Test]
    public void A_spread_that_is_broken_gives_way_to_the_other()
    {
        (int[] expected, _, _) = Answer(new TestLog(), null);
        (int[] tokens, _, IReadOnlyCollection<string> leftOut) = Answer(new TestLog(), (shader, constants) =>
            shader.Name.StartsWith(Vector, StringComparison.Ordinal) && constants.TryGet(Tile, out uint tile) && tile == 0 == IsNarrow
                ? BrokenShader.Of(shader)
                : shader);
        Assert.Multiple(() =>
        {
            Assert.That(leftOut, Is.EqualTo(new[] { IsNarrow ? "gemv_q8_0/narrow" : "gemv_q8_0/wide" }));
            Assert.That(tokens, Is.EqualTo(expected));
        });
    }

    [Test]
    public void A_session_with_a_cache_of_another_type_is_tested_before_its_first_token()
    {
        const string Decode = "attention_decode_kvf32";
        using Model model = Model.LoadDefault(Options(
            new TestLog(), (shader, _) => shader.Name == Decode ? BrokenShader.Of(shader) : shader));
        Assert.That(model.Kernels.Context.Forms.LeftOut, Is.Empty);
        DeviceSelfTestException refused = Assert.Throws<DeviceSelfTestException>(
            () => model.CreateSession(new SessionOptions { KvType = KvType.F32 }))!;
        Assert.That(refused.Form, Does.StartWith(Decode));
        using Session session = model.CreateSession();
        session.Append(model.Tokenizer.Encode("Once upon a time", addSpecial: false));
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.AtLeast(0));
    }

    [Test]
    public void A_device_is_refused_when_no_form_is_left()
    {
        DeviceSelfTestException refused = Assert.Throws<DeviceSelfTestException>(
            () => Answer(new TestLog(), (shader, _) => shader.Name == "embed_q8_0" ? BrokenShader.Of(shader) : shader))!;
        Assert.Multiple(() =>
        {
            Assert.That(refused.Form, Is.EqualTo("embed_q8_0"));
            Assert.That(refused.Message, Does.Contain("wrong results").And.Contain("expected"));
        });
    }

    [Test]
    public void Nothing_is_left_out_where_nothing_is_broken()
    {
        var log = new TestLog();
        using Model model = Model.LoadDefault(Options(log, null));
        Assert.Multiple(() =>
        {
            Assert.That(model.Kernels.Context.Forms.LeftOut, Is.Empty);
            Assert.That(log.Warnings, Is.Empty);
        });
    }

    [Test]
    public void A_second_load_tests_nothing()
    {
        var logs = new List<TestLog>();
        for (int i = 0; i < 100; i++)
        {
            logs.Add(new TestLog());
            using Model model = Model.LoadDefault(new ModelOptions { Device = TestModels.Device, Logger = logs[i] });
            if (logs[i].Messages.Exists(message => message.Contains("self-test of 0 cases", StringComparison.Ordinal)))
            {
                TestContext.Out.WriteLine(logs[i].Messages.Find(message => message.Contains("self-test of", StringComparison.Ordinal)));
                return;
            }
        }

        // Each load has 0.3 s, or one case.
        Assert.Fail(string.Join('\n', logs.SelectMany(log => log.Messages)));
    }

    private static PhysicalDeviceInfo DeviceInfo => GpuFixture.Device.Info;

    // Narrow workgroups on a processor, unless a profile makes it another device.
    private static bool IsNarrow => DeviceInfo is { Type: DeviceType.Software, ProfileName: null };

    private static string Usual => IsNarrow ? Direct : "gemm_q8_0_f32_tiled";

    private static ModelOptions Options(TestLog log, Func<ShaderCode, SpecializationConstants, ShaderCode>? replace) =>
        new()
        {
            Device = TestModels.Device,
            ContextLength = 128,
            Logger = log,
            ReplaceShader = replace ?? ((shader, _) => shader),
            SelfTestBudget = TimeSpan.FromMinutes(5),
        };

    private static (int[] Tokens, float[] Logits, IReadOnlyCollection<string> LeftOut) Answer(
        TestLog log, Func<ShaderCode, SpecializationConstants, ShaderCode>? replace)
    {
        Assume.That(DeviceInfo.Capabilities.CooperativeMatrixShapes, Is.Empty, "the device takes other forms");
        using Model model = Model.LoadDefault(Options(log, replace));
        using Session session = model.CreateSession();
        int[] prompt = model.Tokenizer.Encode("Once upon a time there was a little fox who lived in a big forest. ", addSpecial: false);
        session.Append(prompt);
        float[] logits = new float[model.Config.VocabSize];
        session.ReadLogits(logits);
        int[] tokens = [.. Enumerable.Range(0, 6).Select(_ => session.NextToken(SamplingOptions.Greedy))];
        return (tokens, logits, [.. model.Kernels.Context.Forms.LeftOut.Keys]);
    }

    private sealed class TestLog : ILogger
    {
        public List<string> Warnings { get; } = [];

        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Messages.Add(formatter(state, exception));
            if (logLevel >= LogLevel.Warning)
            {
                Warnings.Add(formatter(state, exception));
            }
        }
    }
}
