namespace VkInfer.Kernels.Tests;

/// <summary>Rows of logits from which no token can be chosen, and what every sampler leaves of them.</summary>
internal static class NoChoice
{
    public static void AssertSaidBy(Func<float[], StepState, (StepState State, uint[] Ring)> run, int vocabSize)
    {
        // A NaN with its sign set, too: the bits of a negative infinity and one more.
        float negativeNaN = BitConverter.UInt32BitsToSingle(0xFF80_0001);
        foreach (int at in new[] { 0, vocabSize / 2, vocabSize - 1 })
        {
            foreach (float bad in new[] { float.NaN, negativeNaN, float.PositiveInfinity })
            {
                float[] logits = [.. Enumerable.Range(0, vocabSize).Select(i => i % 7 == 3 ? float.NegativeInfinity : i % 13)];
                logits[at] = bad;
                AssertSaid(run, logits, StepState.LogitsNotFinite);
            }
        }

        AssertSaid(run, [.. Enumerable.Repeat(float.NaN, vocabSize)], StepState.LogitsNotFinite);
        AssertSaid(run, [.. Enumerable.Repeat(float.NegativeInfinity, vocabSize)], StepState.NoTokenAllowed);
    }

    private static void AssertSaid(Func<float[], StepState, (StepState State, uint[] Ring)> run, float[] logits, uint expected)
    {
        (StepState state, uint[] ring) = run(logits, new StepState { Position = 5, TokenId = 99, StepIndex = 66 });
        Assert.That(ring[66 % StepState.RingSize], Is.EqualTo(expected));

        // What is under way goes on from a token that there is.
        Assert.That((state.TokenId, state.Position, state.StepIndex), Is.EqualTo((0u, 6u, 67u)));
    }
}
