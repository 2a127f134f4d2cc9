namespace VkInfer.Tokenization;

/// <summary>One step that cuts text into words, within which a model works.</summary>
internal abstract class Splitter
{
    /// <summary>Cuts one piece further.</summary>
    /// <param name="piece">The piece; not empty.</param>
    /// <param name="isFirst">Whether it begins the text as a whole.</param>
    /// <param name="words">Receives the words, none empty.</param>
    public abstract void Split(string piece, bool isFirst, List<string> words);
}

/// <summary>Steps one after the other, each on the words of the one before.</summary>
internal sealed class SplitterSequence(IReadOnlyList<Splitter> steps) : Splitter
{
    public override void Split(string piece, bool isFirst, List<string> words)
    {
        List<string> current = [piece];
        foreach (var step in steps)
        {
            var next = new List<string>(current.Count);
            for (var i = 0; i < current.Count; i++)
            {
                step.Split(current[i], isFirst && i == 0, next);
            }

            current = next;
        }

        words.AddRange(current);
    }
}

/// <summary>What becomes of the places that a pattern finds.</summary>
internal enum SplitBehavior
{
    /// <summary>They go.</summary>
    Removed,

    /// <summary>Each is a word.</summary>
    Isolated,

    /// <summary>Each ends the word before.</summary>
    MergedWithPrevious,

    /// <summary>Each begins the word after.</summary>
    MergedWithNext,

    /// <summary>Neighbours among them are one word.</summary>
    Contiguous,
}

/// <summary>Cuts at the places that a pattern finds, or with <paramref name="invert"/> at what lies between them.</summary>
internal sealed class PatternSplitter(Pattern pattern, SplitBehavior behavior, bool invert = false) : Splitter
{
    public override void Split(string piece, bool isFirst, List<string> words)
    {
        var start = 0;
        foreach (var (from, to) in Cut(piece))
        {
            if (from > start)
            {
                words.Add(piece[start..from]);
            }

            if (behavior != SplitBehavior.Removed && to > from)
            {
                words.Add(piece[from..to]);
            }

            start = to;
        }

        if (start < piece.Length)
        {
            words.Add(piece[start..]);
        }
    }

    /// <summary>The stretches that become words of their own, or go; what lies between them are words.</summary>
    private IEnumerable<(int From, int To)> Cut(string piece)
    {
        var found = pattern.Matches(piece).Select(match => (From: match.Start, To: match.Start + match.Length));
        var matches = (invert ? Between(found, piece.Length) : found).ToList();
        switch (behavior)
        {
            case SplitBehavior.MergedWithPrevious:
                return matches.Select((match, i) => (i == 0 ? 0 : matches[i - 1].To, match.To));
            case SplitBehavior.MergedWithNext:
                return matches.Select((match, i) => (match.From, i + 1 == matches.Count ? piece.Length : matches[i + 1].From));
            case SplitBehavior.Contiguous:
                return Joined(matches);
            default:
                return matches;
        }
    }

    private static IEnumerable<(int From, int To)> Between(IEnumerable<(int From, int To)> matches, int length)
    {
        var end = 0;
        foreach (var (from, to) in matches)
        {
            if (from > end)
            {
                yield return (end, from);
            }

            end = to;
        }

        if (end < length)
        {
            yield return (end, length);
        }
    }

    private static IEnumerable<(int From, int To)> Joined(List<(int From, int To)> matches)
    {
        for (var i = 0; i < matches.Count; i++)
        {
            var from = matches[i].From;
            while (i + 1 < matches.Count && matches[i + 1].From == matches[i].To)
            {
                i++;
            }

            yield return (from, matches[i].To);
        }
    }
}

/// <summary>Writes bytes as GPT-2's alphabet, in GPT-2's words where asked for.</summary>
internal sealed class ByteLevelSplitter(bool addPrefixSpace, bool useRegex) : Splitter
{
    private static readonly PreTokenizer Words = PreTokenizers.Find("gpt-2");

    public override void Split(string piece, bool isFirst, List<string> words)
    {
        if (addPrefixSpace && piece[0] != ' ')
        {
            piece = " " + piece;
        }

        if (!useRegex)
        {
            words.Add(ByteLevelAlphabet.Encode(piece));
            return;
        }

        foreach (var range in Words.Split(piece))
        {
            words.Add(ByteLevelAlphabet.Encode(piece[range]));
        }
    }
}

/// <summary>SentencePiece's way: a space becomes a character of its own kind, which may stand in front, and begins a word.</summary>
internal sealed class MetaspaceSplitter(char replacement, string prependScheme, bool split) : Splitter
{
    public override void Split(string piece, bool isFirst, List<string> words)
    {
        piece = piece.Replace(' ', replacement);
        if (piece[0] != replacement && (prependScheme == "always" || (prependScheme == "first" && isFirst)))
        {
            piece = replacement + piece;
        }

        var start = 0;
        for (var i = 1; split && i < piece.Length; i++)
        {
            if (piece[i] == replacement)
            {
                words.Add(piece[start..i]);
                start = i;
            }
        }

        words.Add(piece[start..]);
    }
}
