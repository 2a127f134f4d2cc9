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
    private int _refusals;

    /// <summary>Learns how long a step took.</summary>
    /// <param name="rows">Its rows, 1 or more.</param>
    /// <param name="time">Its time on the device.</param>
    public void Observe(int rows, TimeSpan time)
    {
        double seconds = time.TotalSeconds;
        int bucket = RowBuckets.Of(rows);
        (double known, int seen) = _times.GetValueOrDefault(bucket);
        known = seen < Unsure ? seconds : known + ((seconds < known ? WeightOfFaster : WeightOfSlower) * (seconds - known));
        _times[bucket] = (known, Math.Min(seen + 1, Unsure + 1));
    }

    /// <summary>How many guesses of one sequence a step is to verify, so that most tokens come in its time.</summary>
    /// <param name="rows">Rows of the step without them: a token each.</param>
    /// <param name="hold">For each guess how likely it holds, if those before do.</param>
    public int Best(int rows, ReadOnlySpan<double> hold)
    {
        double plain = Time(rows);
        (int best, double gain) = (0, LeastGain);
        (double tokens, double all) = (rows, 1);
        for (int guesses = 1; guesses <= hold.Length; guesses++)
        {
            all *= hold[guesses - 1];
            tokens += all;
            double time = Time(rows + guesses);

            // What nobody has measured is tried where guesses are likely to hold.
            double paid = plain == 0 || time == 0 ? (all > 0.5 ? 1 + guesses : 0) : tokens / rows * plain / time;
            if (paid > gain)
            {
                (best, gain) = (guesses, paid);
            }
        }

        if (best == 0 && tokens > rows + 0.5 && ++_refusals % RefusalsBetweenTrials == 0)
        {
            return hold.Length;
        }

        return best;
    }

    private double Time(int rows) => _times.TryGetValue(RowBuckets.Of(rows), out (double Seconds, int Seen) time) && time.Seen > Unsure
        ? time.Seconds : 0;
}
