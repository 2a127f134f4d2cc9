using System.Globalization;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>A format that strings are held to.</summary>
/// <param name="Name">Its name in schemas.</param>
/// <param name="Content">The string, without its quotation marks.</param>
/// <param name="MinLength">Characters of the shortest string.</param>
/// <param name="MaxLength">Characters of the longest.</param>
internal sealed record StringFormat(string Name, Expression Content, int MinLength, int MaxLength);

/// <summary>
/// The formats that are known (RFC 3339 for dates and times, RFC 4122 for UUIDs). All others are annotations (JSON Schema 2020-12,
/// Validation, section 7.2.1).
/// </summary>
internal static class StringFormats
{
    private static readonly Expression Digit = Expression.Class(('0', '9'));

    /// <summary>The days of each month; 29 February in the years that have it.</summary>
    private static readonly Expression Date = Expression.Either(
        Expression.Of(
            Digit.Times(4, 4), Expression.Text("-"),
            Expression.Either(
                Expression.Of(OneOf("01", "03", "05", "07", "08", "10", "12"), Expression.Text("-"), TwoDigits(1, 31)),
                Expression.Of(OneOf("04", "06", "09", "11"), Expression.Text("-"), TwoDigits(1, 30)),
                Expression.Of(Expression.Text("02-"), TwoDigits(1, 28)))),
        Expression.Of(LeapYear(), Expression.Text("-02-29")));

    private static readonly Expression Time = Expression.Of(
        TwoDigits(0, 23), Expression.Text(":"), TwoDigits(0, 59), Expression.Text(":"), TwoDigits(0, 59),
        Expression.Of(Expression.Text("."), Digit.Times(1, 6)).Optional(),
        Expression.Either(
            Expression.Text("Z"),
            Expression.Of(Expression.Class(('+', '+'), ('-', '-')), TwoDigits(0, 23), Expression.Text(":"), TwoDigits(0, 59))));

    private static readonly Dictionary<string, StringFormat> All = new StringFormat[]
    {
        new("date", Date, 10, 10),
        new("time", Time, 9, 21),
        new("date-time", Expression.Of(Date, Expression.Text("T"), Time), 20, 32),
        new("uuid", Expression.Of(Hex(8), Expression.Of(Expression.Text("-"), Hex(4)).Times(3, 3), Expression.Text("-"), Hex(12)), 36, 36),
    }.ToDictionary(format => format.Name);

    /// <summary>A format, or null where the name is of none that is known.</summary>
    public static StringFormat? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>Multiples of 4, of those of 100 only the multiples of 400 (RFC 3339, appendix C).</summary>
    private static Expression.Choice LeapYear()
    {
        string[] fours = [.. Enumerable.Range(0, 25).Select(i => TwoDigits(4 * i))];
        return new Expression.Choice(
            [Expression.Of(OneOf(fours), Expression.Text("00")), Expression.Of(Digit.Times(2, 2), OneOf(fours[1..]))]);
    }

    private static Expression Hex(int digits) => Expression.Class(('0', '9'), ('a', 'f')).Times(digits, digits);

    private static Expression.Choice TwoDigits(int min, int max) =>
        OneOf([.. Enumerable.Range(min, max - min + 1).Select(value => TwoDigits(value))]);

    private static string TwoDigits(int value) => value.ToString("D2", CultureInfo.InvariantCulture);

    private static Expression.Choice OneOf(params string[] texts) => new Expression.Choice([.. texts.Select(Expression.Text)]);
}
