using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>The parts that JSON texts are made of, as expressions (RFC 8259).</summary>
internal static class JsonTexts
{
    // Numbers longer than this lose digits when they are read.
    private const int Digits = 15;

    // Indentation beyond this says nothing more.
    private const int Indentation = 16;

    private static readonly Expression Digit = Expression.Class(('0', '9'));
    private static readonly Expression HexDigit = Expression.Class(('0', '9'), ('A', 'F'), ('a', 'f'));

    /// <summary>What stands for itself in a string: no quotation mark, backslash or control character.</summary>
    public static IReadOnlyList<(int First, int Last)> PlainRanges { get; } = Utf8Ranges.Complement([(0, 0x1F), ('"', '"'), ('\\', '\\')]);

    public static Expression Plain { get; } = new Expression.CodePoints(PlainRanges);

    /// <summary>One character of a string. An escaped one is never half of a surrogate pair: each counts as one.</summary>
    public static Expression Character { get; } = Expression.Either(
        Plain,
        Expression.Of(Expression.Text("\\"), Expression.Class(('"', '"'), ('/', '/'), ('\\', '\\'), ('b', 'b'), ('f', 'f'), ('n', 'n'), ('r', 'r'), ('t', 't'))),
        Expression.Of(Expression.Text("\\u"), Expression.Class(('0', '9'), ('A', 'C'), ('a', 'c'), ('E', 'F'), ('e', 'f')), HexDigit.Times(3, 3)),
        Expression.Of(Expression.Text("\\u"), Expression.Class(('D', 'D'), ('d', 'd')), Expression.Class(('0', '7')), HexDigit.Times(2, 2)));

    /// <summary>White space between tokens: none, a space, or a line end with indentation.</summary>
    public static Expression Space { get; } = Expression.Either(
        Expression.Empty, Expression.Text(" "),
        Expression.Of(Expression.Text("\n"), Expression.Class((' ', ' '), ('\t', '\t')).Times(0, Indentation)));

    public static Expression Comma { get; } = Expression.Of(Expression.Text(","), Space);

    public static Expression Integer { get; } = Expression.Of(
        Expression.Text("-").Optional(),
        Expression.Either(Expression.Text("0"), Expression.Of(Expression.Class(('1', '9')), Digit.Times(0, Digits - 1))));

    public static Expression Number { get; } = Expression.Of(
        Integer,
        Expression.Of(Expression.Text("."), Digit.Times(1, Digits)).Optional(),
        Expression.Of(Expression.Class(('E', 'E'), ('e', 'e')), Expression.Class(('+', '+'), ('-', '-')).Optional(), Digit.Times(1, 2)).Optional());

    public static Expression Boolean { get; } = Expression.Either(Expression.Text("true"), Expression.Text("false"));

    public static Expression Null { get; } = Expression.Text("null");

    /// <summary>A string whose characters, escaped ones counted once, number at least and at most so many.</summary>
    public static Expression String(int min, int? max) => Quoted(Character.Times(min, max));

    public static Expression Quoted(Expression content) => Expression.Of(Expression.Text("\""), content, Expression.Text("\""));

    /// <summary>One value, as written without white space.</summary>
    public static Expression Constant(JsonElement value)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(writer);
        }

        return new Expression.Literal(text.WrittenSpan.ToArray());
    }

    /// <summary>A string constant.</summary>
    public static Expression Constant(string value) =>
        Expression.Text($"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"");

    /// <summary>A string of plain characters that is none of the names: a tree over their characters, left at any place.</summary>
    /// <param name="names">What the string is not.</param>
    /// <param name="plain">Any number of plain characters; stands in many places.</param>
    public static Expression StringExcept(IEnumerable<string> names, Expression.Reference plain) =>
        Quoted(Except([.. names.Select(name => name.EnumerateRunes().ToArray())], 0, plain));

    private static Expression.Choice Except(Rune[][] names, int depth, Expression.Reference plain)
    {
        var alternatives = new List<Expression>();
        IGrouping<int, Rune[]>[] branches = [.. names.Where(name => name.Length > depth).GroupBy(name => name[depth].Value)];
        List<(int First, int Last)> others = Utf8Ranges.Complement(
            Utf8Ranges.Complement(PlainRanges).Concat(branches.Select(branch => (branch.Key, branch.Key))));
        alternatives.Add(Expression.Of(new Expression.CodePoints(others), plain));
        if (names.All(name => name.Length != depth))
        {
            alternatives.Add(Expression.Empty);
        }

        foreach (IGrouping<int, Rune[]> branch in branches)
        {
            // A name with a character that is not plain cannot be met: its texts need an escape.
            if (PlainRanges.Any(range => range.First <= branch.Key && branch.Key <= range.Last))
            {
                alternatives.Add(Expression.Of(Expression.Class((branch.Key, branch.Key)), Except([.. branch], depth + 1, plain)));
            }
        }

        return new Expression.Choice(alternatives);
    }
}
