using VkInfer.Testing;

namespace VkInfer.Kernels.Tests;

public sealed class SampleKernelTests : GpuTest
{
    // Masses are integers of 2^-26, and exp is a few ulp off: a draw this near to a boundary may fall on either side.
    private const double Boundary = 1e-5;

    [TestCase(1, 1f, 0u, 1f, 0f)]
    [TestCase(111, 0.8f, 40u, 0.95f, 0.05f)]
    [TestCase(4096, 1f, 0u, 1f, 0f)]
    [TestCase(4096, 1.5f, 7u, 1f, 0f)]
    [TestCase(4096, 0.7f, 0u, 0.9f, 0f)]
    [TestCase(4096, 2f, 0u, 1f, 0.1f)]
    [TestCase(32001, 0.8f, 40u, 0.95f, 0.05f)]
    [TestCase(32001, 5f, 1000u, 0.5f, 0f)]
    [TestCase(262144, 1f, 0u, 0.99f, 0f)]
    [TestCase(262208, 0.9f, 64u, 0.95f, 0f)]
    [TestCase(300001, 1f, 0u, 0.9f, 0f)]
    [TestCase(111, 1f, 0u, 1f, 0f, 0.5f)]
    [TestCase(4096, 1.3f, 0u, 1f, 0f, 0.2f)]
    [TestCase(4096, 0.9f, 50u, 0.9f, 0.01f, 0.6f)]
    [TestCase(128256, 0.8f, 40u, 0.95f, 0.05f, 0.9f)]
    public void Draws_what_the_reference_draws(int vocabSize, float temperature, uint topK, float topP, float minP, float typicalP = 1)
    {
        var random = new Random(vocabSize + (int)topK);
        float[] logits = [.. Enumerable.Range(0, vocabSize).Select(_ => (float)(Normal(random) * 3))];
        int compared = 0;

        // The reference takes long over a large vocabulary.
        int steps = vocabSize > 100_000 ? 6 : 24;
        for (uint step = 0; step < steps; step++)
        {
            StepState state = new()
            {
                StepIndex = step,
                SeedLo = 12345,
                SeedHi = 678,
                Temperature = temperature,
                TopK = topK,
                TopP = topP,
                MinP = minP,
                TypicalP = typicalP,
            };
            double[] probabilities = ReferenceSampler.Probabilities(logits, state);
            double u = ReferenceSampler.Uniform(state);
            double sum = 0;
            int expected = -1;
            double margin = double.MaxValue;
            for (int i = 0; i < vocabSize; i++)
            {
                sum += probabilities[i];
                if (probabilities[i] > 0)
                {
                    margin = Math.Min(margin, Math.Abs(sum - u));
                    if (expected < 0 && sum > u)
                    {
                        expected = i;
                    }
                }
            }

            StepState after = Run(logits, state);
            Assert.That(probabilities[(int)after.TokenId], Is.GreaterThan(0), "a token that the filters dropped");
            if (margin > Boundary || vocabSize == 1)
            {
                compared++;
                Assert.That(after.TokenId, Is.EqualTo(expected), $"step {step}, u = {u}");
            }
        }

        // With many tokens of little probability, boundaries lie close: then only membership is checked for some.
        Assert.That(compared, Is.GreaterThan(vocabSize > 100000 ? 0 : 6));
    }

    [TestCase(0u, 1f, 1f)]
    [TestCase(0u, 0.5f, 1f)]
    [TestCase(7u, 1f, 1f)]
    [TestCase(0u, 1f, 0.5f)]
    public void Sums_hold_the_largest_vocabulary_of_equals(uint topK, float topP, float typicalP)
    {
        // The largest sum that there is: every token has the largest mass, and ties with the last that a filter keeps stay.
        float[] logits = new float[SampleKernel.MaxVocabSize];
        for (uint step = 0; step < 2; step++)
        {
            StepState state = new() { StepIndex = step, SeedLo = 7, Temperature = 1, TopK = topK, TopP = topP, TypicalP = typicalP };
            double expected = Math.Floor(ReferenceSampler.Uniform(state) * logits.Length);
            Assert.That((double)Run(logits, state).TokenId, Is.EqualTo(expected).Within(1), $"step {step}");
        }
    }

    [Test]
    public void Frequencies_follow_the_probabilities()
    {
        float[] logits = [1f, 2f, 0f, float.NegativeInfinity, 1.5f];
        int[] counts = new int[logits.Length];
        for (uint step = 0; step < 400; step++)
        {
            counts[(int)Run(logits, new StepState { StepIndex = step, SeedLo = 9, Temperature = 1, TopP = 1, TypicalP = 1 }).TokenId]++;
        }

        double[] expected = ReferenceSampler.Probabilities(logits, new StepState { Temperature = 1, TopP = 1, TypicalP = 1 });
        for (int i = 0; i < logits.Length; i++)
        {
            // Five standard deviations of a binomial count.
            Assert.That(
                counts[i] / 400.0, Is.EqualTo(expected[i]).Within(0.001 + (5 * Math.Sqrt(expected[i] * (1 - expected[i]) / 400))),
                $"token {i}");
        }
    }

    [TestCase(1, 0u, 1f, 1f, 0f)]
    [TestCase(300, 0u, 1f, 1f, 0f)]
    [TestCase(70_000, 0u, 1f, 1f, 0f)]
    [TestCase(70_000, 40u, 0.9f, 0.9f, 0.05f)]
    public void A_row_without_a_choice_says_why(int vocabSize, uint topK, float topP, float typicalP, float minP) => NoChoice.AssertSaidBy(
        (logits, state) => SamplerRun.Run(
            new SampleKernel(new KernelContext(Device)).Record, ChoiceFeatures.Drawn, logits,
            state with { Temperature = 0.7f, TopK = topK, TopP = topP, TypicalP = typicalP, MinP = minP }),
        vocabSize);

    [TestCase(0u, 1f, 1f)]
    [TestCase(40u, 0.9f, 0.9f)]
    [TestCase(0u, 0.9f, 0.5f)]
    public void Samplers_share_scratch_and_draw_the_same_again(uint topK, float topP, float typicalP)
    {
        const int VocabSize = 128256;
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, VocabSize).Select(_ => (float)Normal(random))];
        var sample = new SampleKernel(new KernelContext(Device));
        var argmax = new ArgmaxKernel(new KernelContext(Device));
        uint[] ring = SamplerRun.Run(
            (commands, steps) =>
            {
                for (int i = 0; i < 8; i++)
                {
                    sample.Record(commands, steps);
                    argmax.Record(commands, steps);
                }
            },
            ChoiceFeatures.Drawn | ChoiceFeatures.Greedy, logits,
            new StepState { SeedLo = 5, Temperature = 1, TopK = topK, TopP = topP, TypicalP = typicalP }).Ring;
        uint likeliest = (uint)Array.IndexOf(logits, logits.Max());
        for (uint step = 0; step < 16; step += 2)
        {
            StepState state = new() { StepIndex = step, SeedLo = 5, Temperature = 1, TopK = topK, TopP = topP, TypicalP = typicalP };
            Assert.That(ring[step], Is.EqualTo(Run(logits, state).TokenId), $"step {step}");
            Assert.That(ring[step + 1], Is.EqualTo(likeliest));
        }
    }

    private static StepState Run(float[] logits, StepState state) =>
        SamplerRun.Run(new SampleKernel(new KernelContext(Device)).Record, ChoiceFeatures.Drawn, logits, state).State;

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
