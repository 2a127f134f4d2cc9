using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

public sealed class LogProbabilitiesKernelTests : GpuTest
{
    [TestCase(1, 5)]
    [TestCase(111, 20)]
    [TestCase(2049, 0)]
    [TestCase(2049, 3)]
    [TestCase(32001, 20)]
    [TestCase(262144, 7)]
    [TestCase(262208, 20)]
    [TestCase(300001, 5)]
    [TestCase(SampleKernel.MaxVocabSize, 3)]
    public void Agrees_with_the_reference(int vocabSize, int alternatives)
    {
        var random = new Random(vocabSize);
        float[] logits = [.. Enumerable.Range(0, vocabSize).Select(_ => MathF.Round((random.NextSingle() * 40) - 20, 2))];
        logits[vocabSize / 2] = vocabSize > 1 ? float.NaN : 1;
        double[] expected = ReferenceSampler.LogProbabilities(logits);
        IEnumerable<int> finite = Enumerable.Range(0, vocabSize).Where(i => double.IsFinite(expected[i]));
        int[] order = [.. finite.OrderByDescending(i => expected[i]).Take(alternatives)];
        int chosen = vocabSize / 3;
        (float own, uint[] tokens, float[] values) = Run(logits, chosen, alternatives);
        int[] padded = [.. order, .. Enumerable.Repeat(-1, alternatives - order.Length)];
        Assert.That(tokens.Take(alternatives).Select(token => (int)token), Is.EqualTo(padded));
        Comparison.AssertClose(
            [own, .. values.Take(order.Length)], [expected[chosen], .. order.Select(i => expected[i])], Bounds.LogProbabilities);
    }

    [Test]
    public void An_infinite_logit_is_certain()
    {
        (float own, uint[] tokens, float[] values) = Run([1, float.PositiveInfinity, 2], 1, 1);
        Assert.That((own, tokens[0], values[0]), Is.EqualTo((0f, 1u, 0f)));
    }

    private static (float Chosen, uint[] Tokens, float[] Values) Run(float[] logits, int chosen, int alternatives)
    {
        const int Step = 70;
        using var harness = new KernelHarness();
        GpuBuffer values = harness.Upload<float>(logits);
        GpuBuffer state = harness.Upload<StepState>(
            [new() { TokenId = (uint)chosen, StepIndex = Step + 1, Alternatives = (uint)alternatives }]);
        GpuBuffer slices = harness.Upload<byte>(new byte[LogProbabilitiesKernel.SlicesBytes(logits.Length, 1)]);
        GuardedBuffer entries = harness.Output<uint>(new uint[StepState.RingSize * LogProbabilitiesKernel.EntryWords]);
        var kernel = new LogProbabilitiesKernel(harness.Context);
        SamplerRun.Run(
            (commands, steps) => kernel.Record(commands, steps, slices),
            [(new Choice { Logits = values, StepState = state, Entries = entries.View }, ChoiceFeatures.LogProbabilities)], logits.Length);
        uint[] all = entries.Read<uint>();
        const int Words = LogProbabilitiesKernel.EntryWords;
        uint[] entry = all.AsSpan(Step % StepState.RingSize * Words, Words).ToArray();
        const int Most = LogProbabilitiesKernel.MaxAlternatives;
        return (
            BitConverter.UInt32BitsToSingle(entry[0]), entry[1..(Most + 1)],
            [.. entry[(Most + 1)..].Select(BitConverter.UInt32BitsToSingle)]);
    }
}
