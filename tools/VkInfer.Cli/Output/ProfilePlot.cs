using ScottPlot;
using VkInfer.Cli.Bench;

namespace VkInfer.Cli.Output;

/// <summary>
/// Draws profiles as bars, a panel for each test: the time of all dispatches of a row, and the part that their bytes need.
/// </summary>
internal static class ProfilePlot
{
    private const int PanelWidth = 1100;
    private const int RowHeight = 34;
    private const int Margin = 120;
    private const int MostRows = 14;

    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">The device's name.</param>
    /// <param name="results">At least one.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Save(string path, string device, IReadOnlyList<ProfileResult> results)
    {
        var panels = new Multiplot();
        panels.AddPlots(results.Count);
        for (int i = 0; i < results.Count; i++)
        {
            Draw(panels.GetPlot(i), device, results[i]);
        }

        int rows = results.Max(result => Math.Min(MostRows, result.Rows.Count));
        panels.SavePng(path, PanelWidth, results.Count * (Margin + (RowHeight * rows)));
    }

    private static void Draw(Plot plot, string device, ProfileResult result)
    {
        ProfileRow[] rows = [.. result.Rows.Take(MostRows).Reverse()];
        var ticks = new ScottPlot.TickGenerators.NumericManual();
        for (int i = 0; i < rows.Length; i++)
        {
            ticks.AddMajor(i, $"{rows[i].Name} {rows[i].Shape}");
        }

        Bars("measured", rows.Select(row => row.Count * row.Microseconds), Colors.LightSteelBlue);
        Bars("at the bandwidth of a large product", rows.Select(row => row.Count * row.LimitMicroseconds), Colors.SteelBlue);
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MinimumSize = 360;
        plot.Axes.Margins(left: 0);
        plot.XLabel("µs a pass");
        plot.Title($"{result.Test} on {device}");
        plot.ShowLegend(Alignment.LowerRight);

        void Bars(string name, IEnumerable<double> values, Color color)
        {
            Bar[] bars = [.. values.Select((value, i) => new Bar
            {
                Position = i, Value = value, FillColor = color, Size = 0.7, Orientation = Orientation.Horizontal,
            })];
            plot.Add.Bars(bars).LegendText = name;
        }
    }
}
