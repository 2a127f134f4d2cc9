using System.Globalization;
using System.Text;

namespace VkInfer.Samples.Desktop.Statistics;

/// <summary>Values as paths of an SVG picture: the newest at the right, 0 at the bottom, the highest at the top.</summary>
public static class PlotPath
{
    /// <summary>Width of the picture, in its own units.</summary>
    public const int Width = 240;

    /// <summary>Height of the picture, in its own units.</summary>
    public const int Height = 48;

    private const double Step = (double)Width / (EngineStatistics.Capacity - 1);

    /// <summary>What the picture's top stands for.</summary>
    public static double Top(IReadOnlyList<double> values) => values.Count == 0 ? 0 : values.Max();

    /// <summary>The line through all values; nothing for fewer than two.</summary>
    public static string Line(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
        {
            return "";
        }

        double top = Math.Max(Top(values), double.Epsilon);
        var path = new StringBuilder();
        for (int i = 0; i < values.Count; i++)
        {
            double x = Width - ((values.Count - 1 - i) * Step), y = Height - (Math.Max(values[i], 0) / top * (Height - 2));
            path.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? 'M' : 'L')}{x:F1} {y:F1}");
        }

        return path.ToString();
    }

    /// <summary>What lies below the line.</summary>
    public static string Area(IReadOnlyList<double> values) => Line(values) is { Length: > 0 } line
        ? string.Create(CultureInfo.InvariantCulture, $"{line}L{Width} {Height}L{Width - ((values.Count - 1) * Step):F1} {Height}Z")
        : "";
}
