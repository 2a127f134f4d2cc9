namespace VkInfer.Engine.Scheduling;

/// <summary>
/// Prompts get what keeps a step within twice its time without them, or within a floor, whichever is more. How many rows that are is found
/// by trying: steps that had time left let the next have more, steps that took too long let it have fewer. A step's time is no simple
/// function of its rows (matrix units take them by tiles), so none is assumed.
/// </summary>
internal sealed class LatencyFirst : IPromptPolicy
{
    private const int FirstRows = 32;
    private const int MostRows = 1 << 16;

    // Below this share of the allowed time the next step gets more; what is above it is what it aims at.
    private const double Spare = 0.8;
    private const double Aim = 0.9;
    private const double Growth = 1.5;

    // A step that took too long was perhaps disturbed: no more than half is taken away for one.
    private const double MostCut = 0.5;
    private const double Weight = 0.2;

    // Now and then a step without prompts tells what decoding alone takes; where prompts never end, nobody else would.
    private const int StepsBetweenPlain = 100;

    private readonly TimeSpan _floor;
    private readonly Level[] _levels = [.. Enumerable.Range(0, 16).Select(_ => new Level())];

    /// <param name="floor">The time that a step may always take.</param>
    public LatencyFirst(TimeSpan? floor = null) => _floor = floor ?? TimeSpan.FromMilliseconds(20);

    public int PromptRows(int decodeRows) => decodeRows == 0 ? int.MaxValue
        : _levels[Index(decodeRows)].StepsUntilPlain <= 0 ? 0
        : Known(decodeRows);

    public void Observe(int decodeRows, int promptRows, TimeSpan time)
    {
        if (decodeRows == 0)
        {
            return;
        }

        Level level = _levels[Index(decodeRows)];
        double seconds = time.TotalSeconds;
        if (promptRows == 0)
        {
            level.Plain = level.Plain == 0 ? seconds : level.Plain + (Weight * (seconds - level.Plain));
            level.StepsUntilPlain = StepsBetweenPlain;
            return;
        }

        level.StepsUntilPlain--;
        double plain = Nearest(decodeRows, static level => level.Plain);
        double allowed = Math.Max(2 * plain, _floor.TotalSeconds);
        double rows = Known(decodeRows);
        if (seconds > allowed)
        {
            double cut = seconds > plain ? ((Aim * allowed) - plain) / (seconds - plain) : 1;
            rows = Math.Min(rows, promptRows * Math.Max(cut, MostCut));
        }
        else if (seconds < Spare * allowed)
        {
            // Of one that had fewer than it might have nothing is learnt about more.
            rows = Math.Max(rows, promptRows * Growth);
        }

        level.PromptRows = Math.Clamp(rows, 1, MostRows);
    }

    private int Known(int decodeRows) => Nearest(decodeRows, static level => level.PromptRows) is > 0 and var rows ? (int)rows : FirstRows;

    private static int Index(int rows) => Math.Min(15, (int)Math.Ceiling(Math.Log2(Math.Max(1, rows))));

    /// <summary>What is known of steps with so many rows of decoding sequences, or of the nearest number that was seen; else 0.</summary>
    private double Nearest(int rows, Func<Level, double> of)
    {
        int index = Index(rows);
        for (int distance = 0; distance < _levels.Length; distance++)
        {
            foreach (int near in (ReadOnlySpan<int>)[index - distance, index + distance])
            {
                if (near >= 0 && near < _levels.Length && of(_levels[near]) is > 0 and var known)
                {
                    return known;
                }
            }
        }

        return 0;
    }

    /// <summary>What was learnt of steps with about so many rows of decoding sequences; 0 where nothing was.</summary>
    private sealed class Level
    {
        /// <summary>Seconds of a step without prompts.</summary>
        public double Plain { get; set; }

        /// <summary>Steps with prompts that may follow before one is to go without.</summary>
        public int StepsUntilPlain { get; set; }

        /// <summary>Rows that prompts may have.</summary>
        public double PromptRows { get; set; }
    }
}
