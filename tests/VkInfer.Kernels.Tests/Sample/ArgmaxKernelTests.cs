using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

public sealed class ArgmaxKernelTests : GpuTest
{
    [TestCase(1)]
    [TestCase(111)]
    [TestCase(4096)]
    [TestCase(32001)]
    [TestCase(262144)]
    [TestCase(262208)]
    [TestCase(300001)]
    [TestCase(SampleKernel.MaxVocabSize)]
    public void Takes_the_largest_wherever_it_stands(int vocabSize)
    {
        var random = new Random(vocabSize);
        foreach (int at in new[] { 0, vocabSize / 3, vocabSize - 1 })
        {
            float[] logits = [.. Enumerable.Range(0, vocabSize).Select(_ => (random.NextSingle() * 20) - 10)];
            logits[at] = 11;
            (StepState state, uint[] ring) = Run(logits, new StepState { Position = 5, TokenId = 99, StepIndex = 66 });
            Assert.That((state.TokenId, state.Position, state.StepIndex), Is.EqualTo(((uint)at, 6u, 67u)));
            Assert.That(ring[66 % StepState.RingSize], Is.EqualTo(at));
        }
    }

    [Test]
    public void The_lowest_id_wins_a_tie()
    {
        float[] logits = [.. Enumerable.Repeat(-3f, 5000)];
        logits[4321] = logits[1234] = logits[1233] = 2;
        Assert.That(Run(logits, default).State.TokenId, Is.EqualTo(1233));
    }

    [TestCase(1)]
    [TestCase(300)]
    [TestCase(70_000)]
    public void A_row_without_a_choice_says_why(int vocabSize) => NoChoice.AssertSaidBy(Run, vocabSize);

    [Test]
    public void Negative_infinity_excludes_a_token() =>
        Assert.That(Run([float.NegativeInfinity, -3e38f, float.NegativeInfinity], default).State.TokenId, Is.EqualTo(1));

    private static (StepState State, uint[] Ring) Run(float[] logits, StepState state) =>
        SamplerRun.Run(new ArgmaxKernel(new KernelContext(Device)).Record, ChoiceFeatures.Greedy, logits, state);
}
