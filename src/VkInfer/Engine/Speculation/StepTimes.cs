using VkInfer.Engine.Execution;

namespace VkInfer.Engine.Speculation;

/// <summary>
/// What rows cost, measured: how long steps without prompts take by their rows. Says how many guesses pay. Not thread-safe.
/// </summary>
internal sealed class StepTimes
{
    // The first steps of a kind record commands and make pipelines.
    private const int Unsure = 3;

    // Steps become slower by chance, seldom faster.
    private const double WeightOfFaster = 0.5;
    private const double WeightOfSlower = 0.05;

    // What waiting for known tokens costs beside the step.
    private const double LeastGain = 1.05;

    // So that a time that was measured wrongly does not stay for ever.
    private const int RefusalsBetweenTrials = 256;

    private readonly Dictionary<int, (double Seconds, int Seen)> _times = [];
    private (double Seconds, int Seen) _draft;
    private int _refusals;

    /// <summary>Learns how long a step took.</summary>
    /// <param name="rows">Its rows, 1 or more.</param>
    /// <param name="time">Its time on the device.</param>
    public void Observe(int rows, TimeSpan time)
    {
        int bucket = RowBuckets.Of(rows);
        _times[bucket] = Learn(_times.GetValueOrDefault(bucket), time.TotalSeconds);
    }

    /// <summary>Learns how long a smaller model took to guess, from the question to the answer.</summary>
    /// <param name="tokens">How many tokens it guessed, 1 or more.</param>
    /// <param name="time">The time.</param>
    public void ObserveDraft(int tokens, TimeSpan time) => _draft = Learn(_draft, time.TotalSeconds / tokens);

    /// <summary>What a smaller model takes for a guess, in seconds; 0: nobody knows.</summary>
    public double SecondsOfDraft => _draft.Seen > Unsure ? _draft.Seconds : 0;

    /// <summary>How many guesses of one sequence a step is to verify, so that most tokens come in its time.</summary>
    /// <param name="rows">Rows of the step without them: a token each.</param>
    /// <param name="hold">For each guess how likely it holds, if those before do.</param>
    public int Best(int rows, ReadOnlySpan<double> hold)
    {
        int best = Best(rows, hold, 0, out _);
        if (best == 0 && IsWorthTrying(hold) && ++_refusals % RefusalsBetweenTrials == 0)
        {
            return hold.Length;
        }

        return best;
    }

    /// <summary>The same of guesses that are yet to be made.</summary>
    /// <param name="rows">Rows of the step without them: a token each.</param>
    /// <param name="hold">For each guess how likely it holds, if those before do.</param>
    /// <param name="secondsPerGuess">What making one takes, in seconds.</param>
    /// <param name="gain">How many times as many tokens come in the same time.</param>
    public int Best(int rows, ReadOnlySpan<double> hold, double secondsPerGuess, out double gain)
    {
        double plain = Time(rows);
        (int best, gain) = (0, LeastGain);
        (double tokens, double all) = (rows, 1);
        for (int guesses = 1; guesses <= hold.Length; guesses++)
        {
            all *= hold[guesses - 1];
            tokens += all;
            double step = Time(rows + guesses);

            // What nobody has measured is tried where guesses are likely to hold.
            double paid = plain == 0 || step == 0
                ? (all > 0.5 ? 1 + guesses : 0)
                : tokens / rows * plain / (step + (guesses * secondsPerGuess));
            if (paid > gain)
            {
                (best, gain) = (guesses, paid);
            }
        }

        return best;
    }

    private static bool IsWorthTrying(ReadOnlySpan<double> hold)
    {
        (double tokens, double all) = (0, 1);
        foreach (double each in hold)
        {
            all *= each;
            tokens += all;
        }

        return tokens > 0.5;
    }

    private static (double Seconds, int Seen) Learn((double Seconds, int Seen) known, double seconds)
    {
        double weight = known.Seen < Unsure ? 1 : seconds < known.Seconds ? WeightOfFaster : WeightOfSlower;
        return (known.Seconds + (weight * (seconds - known.Seconds)), Math.Min(known.Seen + 1, Unsure + 1));
    }

    private double Time(int rows) => _times.TryGetValue(RowBuckets.Of(rows), out (double Seconds, int Seen) time) && time.Seen > Unsure
        ? time.Seconds : 0;
}
