namespace VkInfer.Engine.Scheduling;

/// <summary>
/// Prompts get what keeps a step within twice its time without them, or within a floor, whichever is more. Learns both from the steps
/// that ran: the time of plain steps by their rows, and what a row of a prompt adds.
/// </summary>
internal sealed class LatencyFirst : IPromptPolicy
{
    // Nothing is known at first: a small chunk, from which the next is better judged.
    private const int FirstRows = 32;
    private const double Weight = 0.2;

    private readonly TimeSpan _floor;
    private readonly double[] _plain = new double[16];
    private double _perRow;

    /// <param name="floor">The time that a step may always take.</param>
    public LatencyFirst(TimeSpan? floor = null) => _floor = floor ?? TimeSpan.FromMilliseconds(20);

    public int PromptRows(int decodeRows)
    {
        if (decodeRows == 0)
        {
            return int.MaxValue;
        }

        double plain = Plain(decodeRows);
        if (_perRow == 0 || plain == 0)
        {
            return FirstRows;
        }

        double allowed = Math.Max(2 * plain, _floor.TotalSeconds) - plain;
        return (int)Math.Clamp(allowed / _perRow, 1, int.MaxValue);
    }

    public void Observe(int decodeRows, int promptRows, TimeSpan time)
    {
        double seconds = time.TotalSeconds;
        if (promptRows == 0)
        {
            ref double known = ref _plain[Bucket(decodeRows)];
            known = known == 0 ? seconds : known + (Weight * (seconds - known));
            return;
        }

        double added = Math.Max(0, seconds - (decodeRows > 0 ? Plain(decodeRows) : 0)) / promptRows;
        _perRow = _perRow == 0 ? added : _perRow + (Weight * (added - _perRow));
    }

    private static int Bucket(int rows) => Math.Min(15, (int)Math.Ceiling(Math.Log2(Math.Max(1, rows))));

    /// <summary>Time of a step without prompts: of as many rows, or of the nearest number that was seen.</summary>
    private double Plain(int rows)
    {
        int bucket = Bucket(rows);
        for (int distance = 0; distance < _plain.Length; distance++)
        {
            foreach (int near in (ReadOnlySpan<int>)[bucket - distance, bucket + distance])
            {
                if (near >= 0 && near < _plain.Length && _plain[near] > 0)
                {
                    return _plain[near];
                }
            }
        }

        return 0;
    }
}
