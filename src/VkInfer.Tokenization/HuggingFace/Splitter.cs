namespace VkInfer.Tokenization;

/// <summary>A piece of text on its way to the model.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsStart">Whether it begins where the whole text does.</param>
internal readonly record struct Piece(string Text, bool IsStart)
{
    /// <summary>A part of the piece.</summary>
    public Piece Slice(int start, int length) => new(Text.Substring(start, length), IsStart && start == 0);
}

/// <summary>One step that cuts text into words, within which a model works.</summary>
internal abstract class Splitter
{
    /// <summary>Cuts one piece further.</summary>
    /// <param name="piece">The piece; not empty.</param>
    /// <param name="words">Receives the words, none empty.</param>
    public abstract void Split(Piece piece, List<Piece> words);
}

/// <summary>Steps one after the other, each on the words of the one before.</summary>
internal sealed class SplitterSequence(IReadOnlyList<Splitter> steps) : Splitter
{
    public override void Split(Piece piece, List<Piece> words)
    {
        List<Piece> current = [piece];
        foreach (Splitter step in steps)
        {
            var next = new List<Piece>(current.Count);
            foreach (Piece word in current)
            {
                step.Split(word, next);
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

    /// <summary>Neighbours, found or not, are one word.</summary>
    Contiguous,
}

/// <summary>Cuts at the places that a pattern finds, or with <paramref name="invert"/> at what lies between them.</summary>
/// <remarks>Neighbouring matches stay words of their own, and an empty match cuts. Source: tokenizers, normalizer.rs, split.</remarks>
internal sealed class PatternSplitter(Pattern pattern, SplitBehavior behavior, bool invert = false) : Splitter
{
    public override void Split(Piece piece, List<Piece> words)
    {
        foreach ((int start, int length) in Words(pattern.Cut(piece.Text)))
        {
            if (length > 0)
            {
                words.Add(piece.Slice(start, length));
            }
        }
    }

    private List<(int Start, int Length)> Words(List<(int Start, int Length, bool IsFound)> stretches)
    {
        var words = new List<(int Start, int Length)>(stretches.Count);
        bool wasCut = false;
        bool isReversed = behavior == SplitBehavior.MergedWithNext;
        for (int i = 0; i < stretches.Count; i++)
        {
            (int start, int length, bool isFound) = stretches[isReversed ? stretches.Count - 1 - i : i];
            bool isCut = isFound != invert;
            bool joins = words.Count > 0 && behavior switch
            {
                SplitBehavior.MergedWithPrevious or SplitBehavior.MergedWithNext => isCut && !wasCut,
                SplitBehavior.Contiguous => isCut == wasCut,
                _ => false,
            };
            wasCut = isCut;
            if (joins)
            {
                words[^1] = (Math.Min(words[^1].Start, start), words[^1].Length + length);
            }
            else if (!isCut || behavior != SplitBehavior.Removed)
            {
                words.Add((start, length));
            }
        }

        if (isReversed)
        {
            words.Reverse();
        }

        return words;
    }
}

/// <summary>Writes bytes as GPT-2's alphabet, in GPT-2's words where asked for.</summary>
internal sealed class ByteLevelSplitter(bool addPrefixSpace, bool useRegex) : Splitter
{
    private static readonly PatternSplitter Words = new(new ExpressionPattern(WordPatterns.Gpt2), SplitBehavior.Isolated);

    public override void Split(Piece piece, List<Piece> words)
    {
        if (addPrefixSpace && piece.Text[0] != ' ')
        {
            piece = piece with { Text = " " + piece.Text };
        }

        var parts = new List<Piece>();
        if (useRegex)
        {
            Words.Split(piece, parts);
        }
        else
        {
            parts.Add(piece);
        }

        foreach (Piece part in parts)
        {
            words.Add(part with { Text = ByteLevelAlphabet.Encode(part.Text) });
        }
    }
}

/// <summary>SentencePiece's way: a space becomes a character of its own kind, which may stand in front, and begins a word.</summary>
internal sealed class MetaspaceSplitter(char replacement, string prependScheme, bool split) : Splitter
{
    private readonly PatternSplitter _words = new(new LiteralPattern(replacement.ToString()), SplitBehavior.MergedWithNext);

    public override void Split(Piece piece, List<Piece> words)
    {
        string text = piece.Text.Replace(' ', replacement);
        if (text[0] != replacement && (prependScheme == "always" || (prependScheme == "first" && piece.IsStart)))
        {
            text = replacement + text;
        }

        if (split)
        {
            _words.Split(piece with { Text = text }, words);
        }
        else
        {
            words.Add(piece with { Text = text });
        }
    }
}

/// <summary>Cuts where the script changes; spaces go with what is before them, and Japanese syllables count as Han.</summary>
internal sealed class ScriptSplitter : Splitter
{
    private static readonly Lazy<int> Han = IndexOf("han");
    private static readonly Lazy<int> Hiragana = IndexOf("hiragana");
    private static readonly Lazy<int> Katakana = IndexOf("katakana");
    private static readonly Lazy<CodePointSet[]> Scripts = new(() => [.. UnicodeProperties.Scripts.Select(UnicodeProperties.Get)]);

    public override void Split(Piece piece, List<Piece> words)
    {
        // Until there is a script, nothing begins: spaces in front are lost, as in tokenizers.
        int? last = null;
        int start = -1;
        for (int at = 0, length; at < piece.Text.Length; at += length)
        {
            length = char.IsHighSurrogate(piece.Text[at]) ? 2 : 1;
            int? script = ScriptOf(char.ConvertToUtf32(piece.Text, at));
            if (script is not null && script != last)
            {
                if (start >= 0)
                {
                    words.Add(piece.Slice(start, at - start));
                }

                start = at;
                last = script;
            }
        }

        if (start >= 0)
        {
            words.Add(piece.Slice(start, piece.Text.Length - start));
        }
    }

    /// <summary>The number of a script; null for the space and what has no script, which go with any.</summary>
    private static int? ScriptOf(int codePoint)
    {
        const int LongVowelMark = 0x30FC;
        if (codePoint == ' ')
        {
            return null;
        }

        int script = Array.FindIndex(Scripts.Value, set => set.Contains(codePoint));
        if (script < 0)
        {
            return null;
        }

        return codePoint == LongVowelMark || script == Hiragana.Value || script == Katakana.Value ? Han.Value : script;
    }

    private static Lazy<int> IndexOf(string script) => new(() => UnicodeProperties.Scripts.ToList().IndexOf(script));
}

/// <summary>Cuts words of a number of code points.</summary>
internal sealed class FixedLengthSplitter(int length) : Splitter
{
    public override void Split(Piece piece, List<Piece> words)
    {
        int start = 0;
        int count = 0;
        for (int at = 0; at < piece.Text.Length;)
        {
            at += char.IsHighSurrogate(piece.Text[at]) ? 2 : 1;
            if (++count == length || at == piece.Text.Length)
            {
                words.Add(piece.Slice(start, at - start));
                (start, count) = (at, 0);
            }
        }
    }
}
