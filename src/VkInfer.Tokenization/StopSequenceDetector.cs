namespace VkInfer.Tokenization;

/// <summary>
/// Finds stop strings in text that arrives in pieces, and holds text back that may be the beginning of one. The stop string
/// that is complete first ends the text, however it is cut into pieces; if two are complete at the same character, the
/// longer one does. Matching is ordinal, in one pass. Not thread-safe.
/// </summary>
public sealed class StopSequenceDetector
{
    private readonly string[] _stops;
    private readonly int[][] _borders;
    private readonly int[] _matched;
    private string _held = "";

    /// <summary>Makes a detector.</summary>
    /// <param name="stopSequences">Any number of stop strings; none of them empty.</param>
    /// <exception cref="ArgumentException">A stop string is null or empty.</exception>
    public StopSequenceDetector(IEnumerable<string> stopSequences)
    {
        ArgumentNullException.ThrowIfNull(stopSequences);
        _stops = [.. stopSequences];
        if (_stops.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("A stop sequence must not be empty.", nameof(stopSequences));
        }

        _borders = [.. _stops.Select(Borders)];
        _matched = new int[_stops.Length];
    }

    /// <summary>The stop string that was found; null until then.</summary>
    public string? Match { get; private set; }

    /// <summary>Whether a stop string was found; the text is over then, and what is added after it is dropped.</summary>
    public bool IsStopped => Match is not null;

    /// <summary>Adds a piece and returns the text that is certain to come before a stop string.</summary>
    public string Append(ReadOnlySpan<char> piece)
    {
        if (IsStopped)
        {
            return "";
        }

        for (int i = 0; i < piece.Length; i++)
        {
            if (Advance(piece[i]) is { } match)
            {
                Match = match;
                int before = _held.Length + i + 1 - match.Length;
                string text = string.Concat(_held, piece)[..before];
                _held = "";
                return text;
            }
        }

        int holding = _matched.Length == 0 ? 0 : _matched.Max();
        if (holding == 0 && _held.Length == 0)
        {
            return piece.Length == 0 ? "" : new string(piece);
        }

        string all = string.Concat(_held, piece);
        _held = all[^holding..];
        return all[..^holding];
    }

    /// <summary>Ends the text and returns what was held back; nothing after a match.</summary>
    public string Flush()
    {
        string text = _held;
        _held = "";
        Array.Clear(_matched);
        return text;
    }

    /// <summary>Knuth, Morris and Pratt: for each prefix, the length of its longest proper prefix that also ends it.</summary>
    private static int[] Borders(string stop)
    {
        int[] borders = new int[stop.Length];
        for (int i = 1, length = 0; i < stop.Length; i++)
        {
            while (length > 0 && stop[i] != stop[length])
            {
                length = borders[length - 1];
            }

            length += stop[i] == stop[length] ? 1 : 0;
            borders[i] = length;
        }

        return borders;
    }

    private string? Advance(char c)
    {
        string? found = null;
        for (int s = 0; s < _stops.Length; s++)
        {
            string stop = _stops[s];
            int length = _matched[s];
            while (length > 0 && stop[length] != c)
            {
                length = _borders[s][length - 1];
            }

            length += stop[length] == c ? 1 : 0;
            _matched[s] = length;
            if (length == stop.Length)
            {
                _matched[s] = 0;
                found = found?.Length >= length ? found : stop;
            }
        }

        return found;
    }
}
