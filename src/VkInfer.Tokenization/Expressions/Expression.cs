namespace VkInfer.Tokenization;

/// <summary>
/// A regular expression in Oniguruma's dialect. It sees code points, finds what a backtracking engine finds, and takes bounded time: where
/// it backtracks much it remembers which steps fail at which places, which makes time linear in the text; expressions for which that
/// cannot be done have a bound on their steps. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// .NET's engines see UTF-16 code units, know other dialects, and NonBacktracking loses matches (<c> ?a+</c> in <c> /a/a</c>).
/// </remarks>
internal sealed class Expression
{
    /// <summary>Longest pattern; published ones have up to about 3000 characters.</summary>
    private const int MaxLength = 8192;

    private readonly ExpressionProgram _program;
    private readonly string _pattern;
    private readonly string _place;

    private Expression(string pattern, string place, ExpressionProgram program)
    {
        _pattern = pattern;
        _place = place;
        _program = program;
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="place">Where it stands in its file, for errors.</param>
    /// <exception cref="TokenizerException">It is too long, or none of the dialect.</exception>
    public static Expression Create(string pattern, string place) => pattern.Length <= MaxLength
        ? new Expression(pattern, place, ExpressionCompiler.Compile(ExpressionParser.Parse(pattern, place), place))
        : throw new TokenizerException(place, $"a pattern of at most {MaxLength} characters", $"{pattern.Length}");

    /// <summary>The expression that matches a text and nothing else.</summary>
    public static Expression Literal(string text)
    {
        Node[] parts = [.. text.EnumerateRunes().Select(rune => new SetNode(CodePointSet.Of(rune.Value)))];
        return new Expression(text, "", ExpressionCompiler.Compile(parts.Length == 0 ? new EmptyNode() : new SequenceNode(parts), ""));
    }

    /// <summary>
    /// Finds all matches from left to right, also empty ones, but no empty one where the match before ends. Each begins at or behind the
    /// end of the one before, and sees all of the text.
    /// </summary>
    /// <param name="text">Well-formed text.</param>
    /// <param name="found">Receives them, in UTF-16 code units.</param>
    /// <exception cref="TokenizerException">The expression takes too many steps.</exception>
    public void FindAll(ReadOnlySpan<char> text, List<(int Start, int Length)> found)
    {
        using var matcher = new ExpressionMatcher(_program, text);
        int lastEnd = -1;
        for (int from = 0; from <= text.Length;)
        {
            if (!matcher.TryFind(from, out int start, out int end))
            {
                break;
            }

            if (start == end && start == lastEnd)
            {
                // Nothing new: on behind the next code point.
                from = end + (end < text.Length && char.IsHighSurrogate(text[end]) ? 2 : 1);
                continue;
            }

            found.Add((start, end - start));
            from = lastEnd = end;
        }

        if (matcher.IsExhausted)
        {
            throw new TokenizerException(
                _place, "a regular expression that matches in bounded time", $"{TokenizerException.Show(_pattern)}, which takes longer");
        }
    }
}
