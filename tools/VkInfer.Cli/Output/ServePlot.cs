using ScottPlot;
using VkInfer.Cli.Bench.Serve;

namespace VkInfer.Cli.Output;

/// <summary>Draws latency against load: a panel for the time to the first token, one for the time between tokens.</summary>
internal static class ServePlot
{
    private const int Width = 900;
    private const int PanelHeight = 380;

    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="results">At least one.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Save(string path, string device, IReadOnlyList<ServeResult> results)
    {
        var panels = new Multiplot();
        panels.AddPlots(2);
        Draw(panels.GetPlot(0), $"Time to the first token on {device}", results, result => result.TimeToFirstTokenMs);
        Draw(panels.GetPlot(1), "Time between tokens", results, result => result.TimeBetweenTokensMs);
        panels.SavePng(path, Width, 2 * PanelHeight);
    }

    private static void Draw(Plot plot, string title, IReadOnlyList<ServeResult> results, Func<ServeResult, Percentiles> times)
    {
        double[] load = [.. results.Select(result => result.OutputTokensPerSecond)];
        Line("median", time => time.P50);
        Line("90 %", time => time.P90);
        Line("99 %", time => time.P99);
        plot.Title(title);
        plot.XLabel("tokens a second, all requests together");
        plot.YLabel("ms");
        plot.Axes.SetLimitsY(0, 1.1 * Math.Max(1e-3, results.Max(result => times(result).P99)));
        plot.ShowLegend(Alignment.UpperLeft);

        void Line(string name, Func<Percentiles, double> of) =>
            plot.Add.Scatter(load, results.Select(result => of(times(result))).ToArray()).LegendText = name;
    }
}
