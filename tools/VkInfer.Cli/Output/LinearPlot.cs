using ScottPlot;
using ScottPlot.Plottables;
using VkInfer.Kernels;

namespace VkInfer.Cli.Output;

/// <summary>
/// Draws the time of each form over M, a panel for each shape: the figure from which FlashDecoding++ reads its inflection points.
/// </summary>
internal static class LinearPlot
{
    private const int PanelWidth = 900;
    private const int PanelHeight = 420;

    /// <summary>Writes a PNG file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tuning">What was measured.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Save(string path, LinearTuning tuning)
    {
        var panels = new Multiplot();
        panels.AddPlots(tuning.Tables.Count);
        for (int i = 0; i < tuning.Tables.Count; i++)
        {
            Draw(panels.GetPlot(i), tuning.Tables[i], tuning.Device);
        }

        panels.SavePng(path, PanelWidth, PanelHeight * tuning.Tables.Count);
    }

    private static void Draw(Plot plot, LinearTable table, string device)
    {
        foreach (LinearForm form in Enum.GetValues<LinearForm>())
        {
            (double M, double Time)[] points =
            [
                .. from point in table.Points
                   from time in point.Times
                   where time.Form == form
                   select (Math.Log2(point.M), Math.Log2(time.Microseconds)),
            ];
            if (points.Length > 0)
            {
                Scatter line = plot.Add.Scatter(points.Select(point => point.M).ToArray(), points.Select(point => point.Time).ToArray());
                line.LegendText = form.ToString();
            }
        }

        Mark(plot, table.LastGemv, "M1");
        Mark(plot, table.LastFlat, "M2");
        plot.Title($"{table.Type} [{table.Rows}, {table.Columns}] on {device}");
        plot.XLabel("M, rows");
        plot.YLabel("µs");
        plot.Axes.Bottom.TickGenerator = Powers();
        plot.Axes.Left.TickGenerator = Powers();
        plot.ShowLegend(Alignment.UpperLeft);
    }

    private static void Mark(Plot plot, int m, string name)
    {
        if (m > 0)
        {
            plot.Add.VerticalLine(Math.Log2(m)).LegendText = $"{name} = {m}";
        }
    }

    private static ScottPlot.TickGenerators.NumericManual Powers()
    {
        var ticks = new ScottPlot.TickGenerators.NumericManual();
        for (int power = 0; power < 20; power++)
        {
            ticks.AddMajor(power, (1L << power).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return ticks;
    }
}
