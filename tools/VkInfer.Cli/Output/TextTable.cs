using System.Text;

namespace VkInfer.Cli.Output;

/// <summary>A table in Markdown whose columns line up.</summary>
/// <param name="headers">The column titles; one that begins with a space is set to the right, as are its cells.</param>
internal sealed class TextTable(params string[] headers)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row with a cell for each header.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes the table.</summary>
    public void Write(TextWriter writer)
    {
        string[] titles = [.. headers.Select(header => header.TrimStart())];
        int[] widths = [.. titles.Select((title, i) => Math.Max(3, _rows.Select(row => row[i].Length).Append(title.Length).Max()))];
        writer.WriteLine(Line(titles, widths));
        var rule = new StringBuilder("|");
        for (int i = 0; i < widths.Length; i++)
        {
            rule.Append(' ').Append('-', widths[i] - 1).Append(IsRight(i) ? ':' : '-').Append(" |");
        }

        writer.WriteLine(rule);
        foreach (string[] row in _rows)
        {
            writer.WriteLine(Line(row, widths));
        }
    }

    private string Line(string[] cells, int[] widths)
    {
        var line = new StringBuilder("|");
        for (int i = 0; i < cells.Length; i++)
        {
            line.Append(' ').Append(IsRight(i) ? cells[i].PadLeft(widths[i]) : cells[i].PadRight(widths[i])).Append(" |");
        }

        return line.ToString();
    }

    private bool IsRight(int column) => headers[column].StartsWith(' ');
}
