namespace VkInfer.Grammar.Automata;

/// <summary>Ranges of code points as sequences of ranges of bytes.</summary>
internal static class Utf8Ranges
{
    public const int MaxCodePoint = 0x10FFFF;

    private const int FirstSurrogate = 0xD800;
    private const int LastSurrogate = 0xDFFF;

    // Last code points of one, two, three and four bytes.
    private static readonly int[] Lengths = [0x7F, 0x7FF, 0xFFFF, MaxCodePoint];

    /// <summary>Sorts and joins ranges, and takes surrogates away, which have no UTF-8.</summary>
    public static List<(int First, int Last)> Normalize(IEnumerable<(int First, int Last)> ranges)
    {
        var result = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.SelectMany(WithoutSurrogates).Order())
        {
            if (result.Count > 0 && first <= result[^1].Last + 1)
            {
                result[^1] = (result[^1].First, Math.Max(result[^1].Last, last));
            }
            else
            {
                result.Add((first, last));
            }
        }

        return result;
    }

    /// <summary>All code points that are in none of the ranges.</summary>
    public static List<(int First, int Last)> Complement(IEnumerable<(int First, int Last)> ranges)
    {
        var result = new List<(int First, int Last)>();
        int next = 0;
        foreach ((int first, int last) in ranges.Order())
        {
            if (first > next)
            {
                result.Add((next, first - 1));
            }

            next = Math.Max(next, last + 1);
        }

        if (next <= MaxCodePoint)
        {
            result.Add((next, MaxCodePoint));
        }

        return Normalize(result);
    }

    /// <summary>The sequences of byte ranges that are the UTF-8 of a range without surrogates.</summary>
    public static IEnumerable<(byte First, byte Last)[]> Sequences(int first, int last)
    {
        int from = first;
        foreach (int limit in Lengths)
        {
            if (from <= last && from <= limit)
            {
                int to = Math.Min(last, limit);
                foreach ((byte First, byte Last)[] sequence in OneLength(from, to, Array.IndexOf(Lengths, limit)))
                {
                    yield return sequence;
                }

                from = to + 1;
            }
        }
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < FirstSurrogate)
        {
            yield return (range.First, Math.Min(range.Last, FirstSurrogate - 1));
        }

        if (range.Last > LastSurrogate)
        {
            yield return (Math.Max(range.First, LastSurrogate + 1), range.Last);
        }
    }

    /// <summary>Splits a range until each byte's range is independent of the bytes before.</summary>
    private static IEnumerable<(byte First, byte Last)[]> OneLength(int first, int last, int continuations)
    {
        for (int i = 1; i <= continuations; i++)
        {
            int low = (1 << (6 * i)) - 1;
            if ((first & ~low) != (last & ~low))
            {
                if ((first & low) != 0)
                {
                    return OneLength(first, first | low, continuations).Concat(OneLength((first | low) + 1, last, continuations));
                }

                if ((last & low) != low)
                {
                    return OneLength(first, (last & ~low) - 1, continuations).Concat(OneLength(last & ~low, last, continuations));
                }
            }
        }

        var sequence = new (byte, byte)[continuations + 1];
        for (int i = 0; i <= continuations; i++)
        {
            sequence[i] = (Byte(first, i, continuations), Byte(last, i, continuations));
        }

        return [sequence];
    }

    private static byte Byte(int codePoint, int index, int continuations)
    {
        int bits = codePoint >> (6 * (continuations - index));
        return (byte)(index > 0 ? 0x80 | (bits & 0x3F) : continuations == 0 ? bits : (byte)(0xFF00 >> (continuations + 1)) | bits);
    }
}
