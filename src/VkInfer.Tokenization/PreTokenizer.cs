using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// Cuts text into the words that byte-level BPE merges within. The regular expressions are applied one after the other,
/// each to the pieces of the one before; what an expression does not match is a piece as well.
/// </summary>
/// <param name="patterns">The expressions. They see one char per code point.</param>
/// <param name="ignoreMerges">A word that is a token as a whole becomes that token without merging.</param>
/// <param name="addBos">Whether BOS is added where the vocabulary does not say.</param>
internal sealed class PreTokenizer(Regex[] patterns, bool ignoreMerges = false, bool addBos = false)
{
    public bool IgnoreMerges => ignoreMerges;

    public bool AddBos => addBos;

    /// <summary>Cuts well-formed text; the pieces are consecutive and cover it.</summary>
    public List<Range> Split(ReadOnlySpan<char> text)
    {
        var hasPairs = text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;
        var visible = CodePointText.OneCharEach(text);
        var lengths = new List<int> { visible.Length };
        foreach (var pattern in patterns)
        {
            lengths = Split(visible, pattern, lengths);
        }

        return ToRanges(text, lengths, hasPairs);
    }

    private static List<int> Split(ReadOnlySpan<char> text, Regex pattern, List<int> lengths)
    {
        var finer = new List<int>(lengths.Count + (text.Length / 4));
        var start = 0;
        foreach (var length in lengths)
        {
            var end = 0;
            foreach (var match in pattern.EnumerateMatches(text.Slice(start, length)))
            {
                Add(match.Index - end);
                Add(match.Length);
                end = match.Index + match.Length;
            }

            Add(length - end);
            start += length;
        }

        return finer;

        void Add(int length)
        {
            if (length > 0)
            {
                finer.Add(length);
            }
        }
    }

    private static List<Range> ToRanges(ReadOnlySpan<char> text, List<int> lengths, bool hasPairs)
    {
        var ranges = new List<Range>(lengths.Count);
        var start = 0;
        foreach (var length in lengths)
        {
            var end = hasPairs ? CodePointText.Advance(text, start, length) : start + length;
            ranges.Add(start..end);
            start = end;
        }

        return ranges;
    }
}
