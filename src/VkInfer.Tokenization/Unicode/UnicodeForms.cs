using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// Unicode's normalization forms, by tables of our own: .NET's need ICU, and without it leave text as it is. Source: Unicode Standard
/// Annex #15 and chapter 3.12 for Hangul.
/// </summary>
internal static class UnicodeForms
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int HangulCount = LeadCount * VowelCount * TrailCount;

    /// <summary>No character below it changes in NFC.</summary>
    private const char FirstChangedByComposition = '\u0300';

    /// <summary>Normalises well-formed text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="form"><c>NFC</c>, <c>NFD</c>, <c>NFKC</c> or <c>NFKD</c>.</param>
    public static string Normalize(string text, string form)
    {
        char first = form == "NFC" ? FirstChangedByComposition : '\u0080';
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(first - 1)) < 0)
        {
            return text;
        }

        List<int> points = Decompose(text, isCompatible: form is "NFKC" or "NFKD");
        Reorder(points);
        if (form is "NFC" or "NFKC")
        {
            Compose(points);
        }

        var result = new StringBuilder(text.Length);
        foreach (int point in points)
        {
            result.Append(new Rune(point));
        }

        return result.ToString();
    }

    private static List<int> Decompose(string text, bool isCompatible)
    {
        var points = new List<int>(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int hangul = rune.Value - HangulBase;
            if (hangul is >= 0 and < HangulCount)
            {
                points.Add(LeadBase + (hangul / (VowelCount * TrailCount)));
                points.Add(VowelBase + (hangul / TrailCount % VowelCount));
                if (hangul % TrailCount != 0)
                {
                    points.Add(TrailBase + (hangul % TrailCount));
                }
            }
            else if (UnicodeTables.Decomposition(rune.Value, isCompatible) is { } parts)
            {
                points.AddRange(parts);
            }
            else
            {
                points.Add(rune.Value);
            }
        }

        return points;
    }

    /// <summary>Sorts each run of combining marks by class, keeping the order of equal ones.</summary>
    private static void Reorder(List<int> points)
    {
        for (int start = 0; start < points.Count; start++)
        {
            int end = start;
            while (end < points.Count && UnicodeTables.CombiningClass(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                int[] sorted = [.. points[start..end].OrderBy(UnicodeTables.CombiningClass)];
                for (int i = start; i < end; i++)
                {
                    points[i] = sorted[i - start];
                }
            }

            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        (int count, int starter, int lastClass) = (0, -1, 0);
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            byte kind = UnicodeTables.CombiningClass(point);
            bool isAdjacent = starter == count - 1;
            if (starter >= 0 && (isAdjacent || (lastClass != 0 && lastClass < kind))
                && Composite(points[starter], point) is { } composite)
            {
                points[starter] = composite;
                continue;
            }

            if (kind == 0)
            {
                starter = count;
            }

            lastClass = kind;
            points[count++] = point;
        }

        points.RemoveRange(count, points.Count - count);
    }

    private static int? Composite(int first, int second)
    {
        (int lead, int vowel) = (first - LeadBase, second - VowelBase);
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            return HangulBase + (((lead * VowelCount) + vowel) * TrailCount);
        }

        (int syllable, int trail) = (first - HangulBase, second - TrailBase);
        return syllable is >= 0 and < HangulCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount
            ? first + trail
            : UnicodeTables.Composite(first, second);
    }
}
