using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

public sealed class AdjustLogitsKernelTests : GpuTest
{
    private const LogitAdjustments All = LogitAdjustments.Penalties | LogitAdjustments.Bias | LogitAdjustments.Mask;

    [TestCase(1, All)]
    [TestCase(111, All)]
    [TestCase(4097, All)]
    [TestCase(4097, LogitAdjustments.None)]
    [TestCase(4097, LogitAdjustments.Penalties)]
    [TestCase(4097, LogitAdjustments.Bias)]
    [TestCase(4097, LogitAdjustments.Mask)]
    public void Adjusts_as_the_reference_does(int vocabSize, LogitAdjustments adjustments)
    {
        var random = new Random(vocabSize);
        float[] logits = [.. Enumerable.Range(0, vocabSize).Select(_ => (random.NextSingle() * 20) - 10)];
        float[] biases = [.. Enumerable.Range(0, vocabSize).Select(_ => random.NextSingle() - 0.5f)];
        int[] seen = [.. Enumerable.Range(0, vocabSize).Select(_ => random.Next(vocabSize) / 2)];
        StepState state = new()
        {
            Adjustments = adjustments,
            RepetitionPenalty = 1.3f,
            FrequencyPenalty = 0.25f,
            PresencePenalty = -0.5f,
        };
        bool Allowed(int token) => token % 3 != 1;
        double[] expected = ReferenceSampler.Adjust(logits, seen, biases, Allowed, state);
        float[] actual = Run(logits, seen, biases, Allowed, state);
        Assert.That(actual.Select(float.IsNegativeInfinity), Is.EqualTo(expected.Select(double.IsNegativeInfinity)));
        int[] finite = [.. Enumerable.Range(0, vocabSize).Where(i => double.IsFinite(expected[i]))];
        Comparison.AssertClose([.. finite.Select(i => actual[i])], [.. finite.Select(i => expected[i])], Bounds.F32);
    }

    [Test]
    public void A_mask_leaves_a_choice_whatever_the_logits_are()
    {
        float[] logits = [float.NegativeInfinity, -3.4028235e38f, 2, 1];
        float[] actual = Run(logits, [], new float[4], token => token < 2, new StepState { Adjustments = LogitAdjustments.Mask });
        Assert.That(actual, Is.EqualTo(new[] { -3.4e38f, -3.4e38f, float.NegativeInfinity, float.NegativeInfinity }));
    }

    [Test]
    public void A_bias_of_negative_infinity_excludes_what_a_mask_allows()
    {
        float[] biases = [float.NegativeInfinity, 0, float.NegativeInfinity, 5];
        float[] actual = Run([1, 2, 3, 4], [], biases, token => token != 3, new StepState { Adjustments = All, RepetitionPenalty = 1 });
        Assert.That(actual, Is.EqualTo(new[] { float.NegativeInfinity, 2, float.NegativeInfinity, float.NegativeInfinity }));
    }

    [TestCase(LogitAdjustments.Bias)]
    [TestCase(LogitAdjustments.Mask)]
    [TestCase(All)]
    public void What_is_not_finite_stays_visible(LogitAdjustments adjustments)
    {
        float[] biases = [float.NegativeInfinity, 0, float.NegativeInfinity, 0, 0];
        float[] logits = [float.NaN, float.NaN, float.PositiveInfinity, float.PositiveInfinity, 1];
        float[] actual = Run(logits, [], biases, token => token == 4, new StepState { Adjustments = adjustments, RepetitionPenalty = 1 });
        Assert.That(actual[..4], Has.All.EqualTo(float.PositiveInfinity));
        Assert.That(actual[4], Is.EqualTo(1));
    }

    [Test]
    public void Sums_of_what_is_finite_stay_finite_and_excluded_tokens_excluded()
    {
        float[] biases = [3.4e38f, -3.4e38f, 100];
        float[] actual = Run(
            [3e38f, -3e38f, float.NegativeInfinity], [], biases, _ => true, new StepState { Adjustments = LogitAdjustments.Bias });
        Assert.That(actual, Is.EqualTo(new[] { 3.4e38f, -3.4e38f, float.NegativeInfinity }));
    }

    [TestCase(0u)]
    [TestCase(3u)]
    public void The_history_counts_the_tokens_of_the_window(uint window)
    {
        const int Before = 4;
        uint[] tokens = [7, 2, 7, 7, 3, 7, 2, 2, 9];
        uint[] counts = new uint[10];
        foreach (uint token in tokens[(window == 0 ? 0 : Before - (int)window)..Before])
        {
            counts[token]++;
        }

        using var harness = new KernelHarness();
        GuardedBuffer history = harness.Output<uint>(
            window == 0 ? [99] : LastAtEach(tokens[..Before], window));
        GuardedBuffer counted = harness.Output<uint>(counts);
        var kernel = new TokenHistoryKernel(harness.Context);
        for (int position = Before; position < tokens.Length; position++)
        {
            GpuBuffer state = harness.Upload<StepState>(
                [new() { Position = (uint)position, TokenId = tokens[position], PenaltyWindow = window }]);
            var choice = new Choice { StepState = state, Counts = counted.View, History = history.View };
            SamplerRun.Run(kernel.Record, [(choice, ChoiceFeatures.Counted)], 10);
            uint[] inWindow = window == 0 ? tokens[..(position + 1)] : tokens[(position + 1 - (int)window)..(position + 1)];
            Assert.That(
                counted.Read<uint>(), Is.EqualTo(Enumerable.Range(0, 10).Select(id => inWindow.Count(token => token == id))),
                $"position {position}");
        }

        // The last of the window, each at its position modulo the window.
        Assert.That(history.Read<uint>(), Is.EqualTo(window == 0 ? [99] : LastAtEach(tokens, window)));
    }

    private static uint[] LastAtEach(uint[] tokens, uint window) =>
        [.. Enumerable.Range(0, (int)window).Select(i => tokens.Where((_, at) => at % window == i).Last())];

    private static float[] Run(float[] logits, int[] seen, float[] biases, Func<int, bool> allowed, StepState state)
    {
        uint[] counts = new uint[logits.Length];
        uint[] mask = new uint[AdjustLogitsKernel.MaskBytes(logits.Length) / sizeof(uint)];
        for (int i = 0; i < logits.Length; i++)
        {
            mask[i / 32] |= allowed(i) ? 1u << (i % 32) : 0;
        }

        foreach (int token in seen)
        {
            counts[token]++;
        }

        using var harness = new KernelHarness();
        GuardedBuffer adjusted = harness.Output<float>(new float[logits.Length]);
        var kernel = new AdjustLogitsKernel(harness.Context);
        GpuBuffer[] inputs =
            [
                harness.Upload<float>(logits), harness.Upload<StepState>([state]), harness.Upload<uint>(counts),
                harness.Upload<float>(biases), harness.Upload<uint>(mask),
            ];
        var choice = new Choice
        {
            Logits = inputs[0],
            StepState = inputs[1],
            Counts = inputs[2],
            Biases = inputs[3],
            Mask = inputs[4],
            Adjusted = adjusted.View,
        };
        SamplerRun.Run(kernel.Record, [(choice, ChoiceFeatures.Adjusted)], logits.Length);
        return adjusted.Read<float>();
    }
}
