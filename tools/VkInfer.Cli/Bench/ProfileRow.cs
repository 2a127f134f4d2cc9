using VkInfer.Vulkan;

namespace VkInfer.Cli.Bench;

/// <summary>All dispatches of one shader and shape in a pass.</summary>
/// <param name="Name">The shader.</param>
/// <param name="Shape">What it worked on.</param>
/// <param name="Count">Dispatches of a pass.</param>
/// <param name="Microseconds">Median time of one.</param>
/// <param name="GapMicroseconds">Median time from the end of the dispatch before to the start of one: its barrier.</param>
/// <param name="Share">Share of the time of all dispatches.</param>
/// <param name="Bytes">Bytes that one reads and writes.</param>
/// <param name="Operations">Additions and multiplications of one.</param>
/// <param name="LimitMicroseconds">The time of its bytes at the bandwidth that was measured beside it.</param>
internal sealed record ProfileRow(
    string Name, string Shape, int Count, double Microseconds, double GapMicroseconds, double Share, long Bytes, long Operations,
    double LimitMicroseconds)
{
    /// <summary>TB/s.</summary>
    public double TerabytesPerSecond => Bytes / Microseconds * 1e-6;

    /// <summary>TFLOP/s; 0: it was not said how many operations it takes.</summary>
    public double TeraflopsPerSecond => Operations / Microseconds * 1e-6;

    /// <summary>Which part of its time the bytes need.</summary>
    public double ShareOfLimit => LimitMicroseconds / Microseconds;
}

/// <summary>The dispatches of one test's pass.</summary>
/// <param name="Test">The test's name.</param>
/// <param name="GpuMicroseconds">Median GPU time of the pass without the stamps between its dispatches.</param>
/// <param name="ProfiledMicroseconds">The same with them.</param>
/// <param name="Dispatches">Dispatches of a pass.</param>
/// <param name="LimitTerabytesPerSecond">What a product with a large matrix read beside it: the limit of the rows.</param>
/// <param name="Rows">By the time they take together, the longest first.</param>
internal sealed record ProfileResult(
    string Test, double GpuMicroseconds, double ProfiledMicroseconds, int Dispatches, double LimitTerabytesPerSecond,
    IReadOnlyList<ProfileRow> Rows)
{
    /// <summary>Sorts the dispatches of some passes, all of the same commands, into rows.</summary>
    public static ProfileResult Of(
        string test, double microseconds, IReadOnlyList<IReadOnlyList<DispatchTime>> passes, long cachedTokens, double terabytes)
    {
        int count = passes[0].Count;
        double[] times = [.. Enumerable.Range(0, count).Select(i => Median(passes.Select(pass => pass[i].Microseconds)))];
        double[] gaps = [.. Enumerable.Range(0, count).Select(
            i => i == 0 ? 0 : Median(passes.Select(pass => Math.Max(0, pass[i].Started - pass[i - 1].Ended))))];
        double all = times.Sum();
        ProfileRow[] rows =
        [
            .. Enumerable.Range(0, count).GroupBy(i => (passes[0][i].Name, passes[0][i].Work)).Select(group =>
            {
                DispatchWork work = group.Key.Work;
                long bytes = work.Bytes.GetValueOrDefault() + (cachedTokens * work.TokenBytes);
                return new ProfileRow(
                    group.Key.Name, work.Shape, group.Count(), Median(group.Select(i => times[i])), Median(group.Select(i => gaps[i])),
                    group.Sum(i => times[i]) / all, bytes, work.Operations, bytes / terabytes * 1e-6);
            }).OrderByDescending(row => row.Share),
        ];
        return new ProfileResult(
            test, microseconds, Median(passes.Select(pass => pass[^1].Ended)), count, terabytes, rows);
    }

    /// <summary>The middle one.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
