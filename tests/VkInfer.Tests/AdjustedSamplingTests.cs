namespace VkInfer.Tests;

/// <summary>Penalties, biases and log-probabilities against logits that are read back and worked on here.</summary>
public sealed class AdjustedSamplingTests : ModelFixture
{
    private static IEnumerable<TestCaseData> Cases()
    {
        SamplingOptions greedy = SamplingOptions.Greedy;
        yield return new TestCaseData(greedy with { RepetitionPenalty = 1.4f }).SetArgDisplayNames("repetition");
        yield return new TestCaseData(greedy with { RepetitionPenalty = 1.8f, PenaltyWindow = 5 }).SetArgDisplayNames("repetition, window");
        yield return new TestCaseData(greedy with { FrequencyPenalty = 1.5f, PresencePenalty = 0.5f }).SetArgDisplayNames(
            "frequency and presence");
        yield return new TestCaseData(greedy with { LogitBias = new Dictionary<int, float> { [261] = float.NegativeInfinity, [300] = 4 } })
            .SetArgDisplayNames("bias");
        yield return new TestCaseData(greedy with
        {
            RepetitionPenalty = 0.8f,
            FrequencyPenalty = 1,
            PenaltyWindow = 16,
            LogitBias = new Dictionary<int, float> { [2] = -3 },
        }).SetArgDisplayNames("all");
    }

    [TestCaseSource(nameof(Cases))]
    public void Tokens_are_those_of_the_adjusted_logits(SamplingOptions sampling)
    {
        using Session session = Model.CreateSession(new SessionOptions { Capacity = 64 });
        using Session reference = Model.CreateSession(new SessionOptions { Capacity = 64 });
        session.Append(Prompt);
        reference.Append(Prompt);
        for (int i = 0; i < 40; i++)
        {
            int expected = Likeliest(Adjusted(reference, sampling));

            // Steps run ahead, as in a stream: the counts must not.
            Assert.That(session.NextTokenCore(sampling, 2, default), Is.EqualTo(expected), $"token {i}");
            reference.Append([expected]);
        }

        // After a truncation only what is left counts.
        session.Truncate(Prompt.Length);
        reference.Truncate(Prompt.Length - 1);
        reference.Append(Prompt.AsSpan()[^1..]);
        Assert.That(session.NextToken(sampling), Is.EqualTo(Likeliest(Adjusted(reference, sampling))));
    }

    [Test]
    public void Options_may_change_from_token_to_token()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt);
        int first = session.NextToken(SamplingOptions.Greedy);
        session.Truncate(Prompt.Length);
        SamplingOptions other = SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [first] = float.NegativeInfinity } };
        Assert.That(session.NextToken(other), Is.Not.EqualTo(first));
        session.Truncate(Prompt.Length);
        Assert.That(session.NextToken(SamplingOptions.Greedy), Is.EqualTo(first));
    }

    [Test]
    public void A_bias_outside_the_vocabulary_is_refused()
    {
        using Session session = Model.CreateSession();
        session.Append(Prompt);
        SamplingOptions sampling = SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [512] = 1 } };
        Assert.That(() => session.NextToken(sampling), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("0 to 511"));
    }

    [TestCase(0)]
    [TestCase(5)]
    public async Task Log_probabilities_come_with_each_token(int alternatives)
    {
        using Session session = Model.CreateSession();
        using Session reference = Model.CreateSession();
        reference.Append(Prompt);
        var options = new GenerationOptions
        {
            Sampling = new SamplingOptions { Temperature = 1.5f, Seed = 3, LogProbabilities = alternatives },
            MaxTokens = 20,
            IgnoreEndOfText = true,
        };
        int count = 0;
        await foreach (GenerationUpdate update in session.GenerateAsync(Prompt, options))
        {
            Assert.That(update.LogProbabilities.Select(entry => entry.Chosen.TokenId), Is.EqualTo(update.TokenIds));
            foreach (TokenLogProbabilities entry in update.LogProbabilities)
            {
                float[] logits = new float[Model.Config.VocabSize];
                reference.ReadLogits(logits);
                double normalizer = Math.Log(logits.Sum(logit => Math.Exp(logit)));
                int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(alternatives)];
                Assert.That(entry.Top.Select(top => top.TokenId), Is.EqualTo(order));
                foreach (TokenLogProbability value in entry.Top.Append(entry.Chosen))
                {
                    Assert.That(value.LogProbability, Is.EqualTo(logits[value.TokenId] - normalizer).Within(1e-4));
                }

                reference.Append([entry.Chosen.TokenId]);
                count++;
            }
        }

        Assert.That(count, Is.EqualTo(20));
    }

    private float[] Adjusted(Session session, SamplingOptions options)
    {
        var sampling = new SamplingParameters(options);
        float[] logits = new float[Model.Config.VocabSize];
        session.ReadLogits(logits);
        int window = sampling.PenaltyWindow == 0 ? session.Position : sampling.PenaltyWindow;
        foreach (IGrouping<int, int> seen in session.Tokens.TakeLast(window).GroupBy(token => token))
        {
            float logit = logits[seen.Key];
            logit = logit > 0 ? logit / sampling.RepetitionPenalty : logit * sampling.RepetitionPenalty;
            logits[seen.Key] = logit - (seen.Count() * sampling.FrequencyPenalty) - sampling.PresencePenalty;
        }

        foreach ((int token, float bias) in sampling.LogitBias)
        {
            logits[token] += bias;
        }

        return logits;
    }

    private static int Likeliest(float[] logits) => Array.IndexOf(logits, logits.Max());
}
