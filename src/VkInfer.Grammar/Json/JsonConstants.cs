using System.Globalization;
using System.Text;
using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>The ways to write one JSON value: characters as themselves or escaped, white space between tokens.</summary>
internal sealed class JsonConstants(JsonRules json)
{
    private const string ShortEscapes = "\"\\\b\f\n\r\t";
    private const string ShortEscapeLetters = "\"\\bfnrt";

    /// <summary>One value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="at">Where it stands, for messages.</param>
    /// <param name="nesting">Values that it stands in.</param>
    public Expression Value(JsonElement value, string at, int nesting = 0) => value.ValueKind switch
    {
        _ when nesting > Limits.Nesting => throw new GrammarException(at, $"values are nested deeper than {Limits.Nesting}"),
        JsonValueKind.Object => json.Braces(Joined(value.EnumerateObject().Select(
            member => Expression.Of(String(member.Name), json.Colon, Value(member.Value, at, nesting + 1))))),
        JsonValueKind.Array => json.Brackets(Joined(value.EnumerateArray().Select(item => Value(item, at, nesting + 1)))),
        JsonValueKind.String => String(value.GetString()!),
        _ => Expression.Text(value.GetRawText()),
    };

    /// <summary>
    /// A string: printable ASCII as itself, other characters as themselves or as <c>\uXXXX</c>, and what must be escaped by its letter or
    /// number.
    /// </summary>
    public static Expression String(string value)
    {
        var parts = new List<Expression>();
        var plain = new StringBuilder("\"");
        foreach (Rune rune in value.EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value is >= ' ' and not ('"' or '\\' or 0x7F))
            {
                plain.Append((char)rune.Value);
                continue;
            }

            parts.Add(Expression.Text(plain.ToString()));
            plain.Clear();
            parts.Add(Written(rune));
        }

        parts.Add(Expression.Text(plain.Append('"').ToString()));
        return new Expression.Sequence(parts);
    }

    /// <summary>
    /// A string of plain characters that is none of the names: a tree over their characters, left at any place.
    /// </summary>
    /// <param name="names">What the string is not.</param>
    public Expression StringExcept(IEnumerable<string> names) =>
        JsonRules.Quoted(Except([.. names.Select(name => name.EnumerateRunes().ToArray())], 0));

    /// <summary>A character that cannot stand for itself.</summary>
    public static Expression Escaped(int codePoint) =>
        ShortEscapes.IndexOf((char)codePoint, StringComparison.Ordinal) is >= 0 and int at
            ? Expression.Text($"\\{ShortEscapeLetters[at]}")
            : Escaped((char)codePoint);

    private Expression.Sequence Joined(IEnumerable<Expression> items) =>
        new Expression.Sequence([.. items.SelectMany((item, i) => i == 0 ? [item] : new[] { json.Comma, item })]);

    private static Expression.Choice Written(Rune rune)
    {
        var ways = new List<Expression>();
        if (IsPlain(rune.Value))
        {
            ways.Add(Expression.Text(rune.ToString()));
        }

        if (rune.IsBmp && ShortEscapes.IndexOf((char)rune.Value, StringComparison.Ordinal) is >= 0 and int at)
        {
            ways.Add(Expression.Text($"\\{ShortEscapeLetters[at]}"));
        }

        ways.Add(new Expression.Sequence([.. rune.ToString().Select(Escaped)]));
        return new Expression.Choice(ways);
    }

    private static Expression Escaped(char unit) => Expression.Of(
        Expression.Text("\\u"), new Expression.Sequence([.. ((int)unit).ToString("x4", CultureInfo.InvariantCulture).Select(HexDigit)]));

    private static Expression HexDigit(char digit)
    {
        char upper = char.ToUpperInvariant(digit);
        return upper == digit ? Expression.Class((digit, digit)) : Expression.Class((upper, upper), (digit, digit));
    }

    private static bool IsPlain(int codePoint) => JsonRules.PlainRanges.Any(range => range.First <= codePoint && codePoint <= range.Last);

    private Expression.Choice Except(Rune[][] names, int depth)
    {
        var alternatives = new List<Expression>();
        IGrouping<int, Rune[]>[] branches = [.. names.Where(name => name.Length > depth).GroupBy(name => name[depth].Value)];
        List<(int First, int Last)> others = Utf8Ranges.Complement(
            Utf8Ranges.Complement(JsonRules.PlainRanges).Concat(branches.Select(branch => (branch.Key, branch.Key))));
        alternatives.Add(Expression.Of(new Expression.CodePoints(others), json.PlainText));
        if (names.All(name => name.Length != depth))
        {
            alternatives.Add(Expression.Empty);
        }

        foreach (IGrouping<int, Rune[]> branch in branches)
        {
            // A name with a character that is not plain cannot be met: its texts need an escape.
            if (IsPlain(branch.Key))
            {
                alternatives.Add(Expression.Of(Expression.Class((branch.Key, branch.Key)), Except([.. branch], depth + 1)));
            }
        }

        return new Expression.Choice(alternatives);
    }
}
