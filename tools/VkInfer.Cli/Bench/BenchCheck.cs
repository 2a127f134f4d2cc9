using System.Globalization;

namespace VkInfer.Cli.Bench;

/// <summary>Whether the numbers that were timed are right: a fast wrong kernel is not fast.</summary>
/// <param name="Nmse">
/// Normalised mean squared error of the logits after prefill, or after a step of the largest batch where that is greater, against those of
/// token-by-token decode.
/// </param>
/// <param name="IsFinite">Whether every logit that was looked at is a finite number.</param>
/// <param name="IsRepeatable">Whether every repeat chose the same tokens; of several sequences, those that ran step by step.</param>
internal sealed record BenchCheck(double Nmse, bool IsFinite, bool IsRepeatable)
{
    /// <summary>Largest error that counts as right: the two paths round differently, a wrong one is off by about 1.</summary>
    public const double Bound = 1e-3;

    /// <summary>Tokens of the prompt that is compared; a few over a power of two, since those are a kernel's easy sizes.</summary>
    public const int PromptTokens = 37;

    /// <summary>Positions that the check takes: a batch's step chooses a token behind the prompt.</summary>
    public const int Positions = PromptTokens + 1;

    /// <summary>Whether everything is right.</summary>
    public bool IsOk => IsFinite && IsRepeatable && Nmse <= Bound;

    /// <summary>One line for a person.</summary>
    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"check: {(IsOk ? "ok" : "FAILED")} (nmse {Nmse:0.0E+0} of prefill and batches against decode, bound {Bound:0E+0}; logits "
        + $"{(IsFinite ? "finite" : "NOT FINITE")}; tokens {(IsRepeatable ? "repeat" : "DO NOT REPEAT")})");

    /// <summary>Compares prefill with decode, and adds what the tests saw.</summary>
    public static BenchCheck Run(Model model, IReadOnlyList<BenchResult> results, int seed, CancellationToken cancellationToken)
    {
        int[] ids = RandomTokens.Create(PromptTokens, model.Config.VocabSize, seed);
        float[] prefill = new float[model.Config.VocabSize];
        float[] decode = new float[model.Config.VocabSize];
        using (Session session = model.CreateSession())
        {
            session.Append(ids, cancellationToken);
            session.ReadLogits(prefill);
            session.Reset();
            foreach (int id in ids)
            {
                session.Append([id], cancellationToken);
            }

            session.ReadLogits(decode);
        }

        int batch = results.Max(result => result.Test.Batch);
        double error = Error(prefill, decode);
        return new BenchCheck(
            batch > 1 ? Math.Max(error, Error(RunBatch(model, ids, batch, cancellationToken), decode)) : error,
            results.All(result => result.IsFinite) && AreFinite(prefill) && AreFinite(decode),
            results.All(result => result.IsRepeatable));
    }

    /// <summary>Logits after the ids, from a step of a batch whose other sequences are shorter.</summary>
    private static float[] RunBatch(Model model, int[] ids, int count, CancellationToken cancellationToken)
    {
        Session[] sessions = [.. Enumerable.Range(0, count).Select(_ => model.CreateSession())];
        try
        {
            for (int i = 0; i < count; i++)
            {
                int length = 1 + ((ids.Length - 1) * (i + 1) / count);
                sessions[i].Append(ids.AsSpan(0, length), cancellationToken);

                // Forgets the logits but not the cache: the step computes them.
                sessions[i].Truncate(length);
            }

            sessions[^1].KeepsLogits = true;
            using SessionBatch batch = model.CreateBatch(sessions);
            batch.NextTokens(new int[count], SamplingOptions.Greedy, cancellationToken);
            float[] logits = new float[model.Config.VocabSize];
            sessions[^1].ReadLogits(logits);
            return logits;
        }
        finally
        {
            Array.ForEach(sessions, session => session.Dispose());
        }
    }

    /// <summary>Whether every value is a finite number.</summary>
    public static bool AreFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Σ(a-b)² / Σb², in double precision; infinity where that is no number.</summary>
    public static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = (double)actual[i] - expected[i];
            difference += error * error;
            norm += (double)expected[i] * expected[i];
        }

        double ratio = difference / norm;
        return double.IsNaN(ratio) ? double.PositiveInfinity : ratio;
    }
}
