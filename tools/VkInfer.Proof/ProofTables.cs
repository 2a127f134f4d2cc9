using System.Globalization;
using System.Text;
using VkInfer.Kernels;

namespace VkInfer.Proof;

/// <summary>The tables of <c>docs/models.md</c>, one for each device.</summary>
internal static class ProofTables
{
    private const string Begin = "<!-- proof: written by tools/proof docs -->";
    private const string End = "<!-- /proof -->";

    /// <summary>Names of the columns that have a format's figures.</summary>
    public static IReadOnlyList<string> Formats { get; } = Enum.GetNames<WeightType>();

    /// <summary>The file that has the tables.</summary>
    /// <param name="docs">The folder <c>docs</c>.</param>
    public static string PathIn(string docs) => Path.Combine(docs, "models.md");

    /// <summary>What was measured: <c>proof/*.json</c>.</summary>
    /// <param name="docs">The folder <c>docs</c>.</param>
    public static IReadOnlyList<DeviceProof> Read(string docs) =>
        [.. Directory.GetFiles(Path.Combine(docs, "proof"), "*.json").Order(StringComparer.Ordinal).Select(DeviceProof.Read)];

    /// <summary>A text with the tables in place of those that it has.</summary>
    public static string Replace(string text, IEnumerable<DeviceProof> devices)
    {
        (int begin, int end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        return begin >= 0 && end > begin
            ? text[..(begin + Begin.Length)] + "\n" + string.Join("\n", devices.Select(Markdown)) + text[end..]
            : throw new FormatException($"There is no {Begin} with {End} behind it.");
    }

    /// <summary>The table of one device.</summary>
    public static string Markdown(DeviceProof device)
    {
        var text = new StringBuilder($"### {device.Device}, {device.Driver}\n");
        if (device.Missing is { } reason)
        {
            text.Append(CultureInfo.InvariantCulture, $"A dash: {reason}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\n| model | prefill | decode | {string.Join(" | ", Formats)} |\n");
        text.Append('|').Insert(text.Length, "---|", Formats.Count + 3).Append('\n');
        foreach ((string name, ModelProof model) in device.Models)
        {
            IEnumerable<double?> formats =
                Formats.Select(format => model.Formats.TryGetValue(format, out double error) ? error : (double?)null);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {string.Join(" | ", new[] { model.Prefill, model.Decode }.Concat(formats).Select(Cell))} |\n");
        }

        foreach (IGrouping<string, string> without in (device.UnmeasuredModels ?? []).GroupBy(pair => pair.Value, pair => pair.Key))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{string.Join(", ", without)}: {without.Key}\n");
        }

        return text.ToString();
    }

    /// <summary>An error in two digits.</summary>
    public static string Cell(double? error) => error is { } value ? value.ToString("0.0e+0", CultureInfo.InvariantCulture) : "–";
}
