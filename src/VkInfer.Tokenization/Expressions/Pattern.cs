namespace VkInfer.Tokenization;

/// <summary>Finds places in text, from left to right.</summary>
internal abstract class Pattern
{
    /// <summary>Finds all places, as <see cref="Expression.FindAll"/> does.</summary>
    /// <param name="text">Well-formed text.</param>
    /// <param name="found">Receives them, in UTF-16 code units.</param>
    public abstract void FindAll(ReadOnlySpan<char> text, List<(int Start, int Length)> found);

    /// <summary>The stretches of a text, the found ones and those between them, in order; none where the text is empty.</summary>
    public List<(int Start, int Length, bool IsFound)> Cut(ReadOnlySpan<char> text)
    {
        var found = new List<(int Start, int Length)>();
        if (text.Length > 0)
        {
            FindAll(text, found);
        }

        var stretches = new List<(int, int, bool)>((2 * found.Count) + 1);
        int end = 0;
        foreach ((int start, int length) in found)
        {
            if (start > end)
            {
                stretches.Add((end, start - end, false));
            }

            stretches.Add((start, length, true));
            end = start + length;
        }

        if (end < text.Length)
        {
            stretches.Add((end, text.Length - end, false));
        }

        return stretches;
    }

    /// <summary>Reads a <c>pattern</c>: <c>{"String": …}</c>, <c>{"Regex": …}</c>, or the text itself.</summary>
    public static Pattern Read(JsonField node)
    {
        if (node.IsString)
        {
            return Literal(node.AsString());
        }

        return node.Optional("String") is { } literal
            ? Literal(literal.AsString())
            : new ExpressionPattern(Expression.Create(node.Required("Regex").AsString(), node.Place + ".Regex"));
    }

    /// <summary>Finds a text; an empty one is everywhere.</summary>
    public static Pattern Literal(string text) =>
        text.Length == 0 ? new ExpressionPattern(Expression.Literal("")) : new LiteralPattern(text);
}

/// <summary>Finds a text.</summary>
internal sealed class LiteralPattern(string literal) : Pattern
{
    public override void FindAll(ReadOnlySpan<char> text, List<(int Start, int Length)> found)
    {
        for (int at = 0; text[at..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var next; at += literal.Length)
        {
            at += next;
            found.Add((at, literal.Length));
        }
    }
}

/// <summary>Finds what a regular expression matches.</summary>
internal sealed class ExpressionPattern(Expression expression) : Pattern
{
    public override void FindAll(ReadOnlySpan<char> text, List<(int Start, int Length)> found) => expression.FindAll(text, found);
}

/// <summary>Finds each code point of a set.</summary>
internal sealed class SetPattern(CodePointSet set) : Pattern
{
    public override void FindAll(ReadOnlySpan<char> text, List<(int Start, int Length)> found)
    {
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = char.IsHighSurrogate(text[at]) ? 2 : 1;
            if (set.Contains(length == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at]))
            {
                found.Add((at, length));
            }
        }
    }
}
