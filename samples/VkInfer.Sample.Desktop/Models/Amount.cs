using System.Globalization;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>Amounts as people read them.</summary>
public static class Amount
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Bytes in the unit that suits them.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string number = value.ToString(unit < 2 || value >= 100 ? "F0" : "F1", CultureInfo.InvariantCulture);
        return $"{number} {Units[unit]}";
    }

    /// <summary>How far something has come, in percent; null where that is not known.</summary>
    public static int? Percent(LoadProgress progress) =>
        progress.BytesTotal > 0 ? (int)Math.Clamp(100 * progress.BytesDone / progress.BytesTotal, 0, 100) : null;
}
