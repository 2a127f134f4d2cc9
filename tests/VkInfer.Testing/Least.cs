namespace VkInfer.Testing;

/// <summary>
/// What a piece of a program costs, where load, other threads and the just-in-time compiler can only add to what is measured: the least of
/// several tries is nearest to the program's own. What the program itself does wrong is in every try.
/// </summary>
public static class Least
{
    private const int Tries = 10;

    /// <summary>Bytes that the calling thread allocates on the managed heap.</summary>
    /// <param name="action">What is measured; the first time may be a warm-up.</param>
    /// <returns>The least of several runs; no further one begins after a run that allocated nothing.</returns>
    public static long Allocated(Action action)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Tries && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>Time that something takes.</summary>
    /// <param name="enough">No further try begins after one that took less.</param>
    /// <param name="measure">Does it once, and says how long what matters of it took.</param>
    /// <param name="tries">How often at most.</param>
    /// <returns>The least of several tries.</returns>
    public static TimeSpan Time(TimeSpan enough, Func<TimeSpan> measure, int tries = Tries)
    {
        TimeSpan least = TimeSpan.MaxValue;
        for (int i = 0; i < tries && least >= enough; i++)
        {
            TimeSpan took = measure();
            least = took < least ? took : least;
        }

        return least;
    }

    /// <summary>Time of the processor, all threads of this process together.</summary>
    /// <param name="enough">No further run begins after one that took less.</param>
    /// <param name="action">What is measured.</param>
    /// <returns>The least of three runs.</returns>
    public static TimeSpan ProcessorTime(TimeSpan enough, Action action) => Time(
        enough,
        () =>
        {
            TimeSpan start = Environment.CpuUsage.TotalTime;
            action();
            return Environment.CpuUsage.TotalTime - start;
        },
        tries: 3);
}
