using System.Globalization;
using VkInfer.Cli.Bench;

namespace VkInfer.Cli.Output;

/// <summary>Writes profiles as tables.</summary>
internal static class ProfileText
{
    /// <summary>A table for each test.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<ProfileResult> results)
    {
        foreach (ProfileResult result in results)
        {
            writer.WriteLine();
            writer.WriteLine(
                $"{result.Test}: {Number(result.GpuMicroseconds, "F1")} µs, with time stamps {Number(result.ProfiledMicroseconds, "F1")} µs, "
                + $"{result.Dispatches} dispatches; a large product reads {Number(result.LimitTerabytesPerSecond, "F2")} TB/s");
            var table = new TextTable(
                "dispatch", "shape", " count", " µs each", " gap", " share", " MB", " TB/s", " GFLOP", " TFLOP/s", " of the limit");
            foreach (ProfileRow row in result.Rows)
            {
                table.Add(
                    row.Name, row.Shape, Number(row.Count, "F0"), Number(row.Microseconds, "F2"), Number(row.GapMicroseconds, "F2"),
                    Number(row.Share, "P1"), Number(row.Bytes * 1e-6, "F2"), Number(row.TerabytesPerSecond, "F2"),
                    row.Operations > 0 ? Number(row.Operations * 1e-9, "F2") : "-",
                    row.Operations > 0 ? Number(row.TeraflopsPerSecond, "F1") : "-", Number(row.ShareOfLimit, "P0"));
            }

            table.Write(writer);
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
