using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>The contents of strings of a known format (RFC 3339 for dates and times, RFC 4122 for UUIDs).</summary>
internal static class StringFormats
{
    private static readonly Expression Digit = Expression.Class(('0', '9'));

    /// <summary>Days up to 28 in February: a year's length takes arithmetic.</summary>
    private static readonly Expression Date = Expression.Of(
        Digit.Times(4, 4), Expression.Text("-"),
        Expression.Either(
            Expression.Of(OneOf("01", "03", "05", "07", "08", "10", "12"), Expression.Text("-"), TwoDigits(1, 31)),
            Expression.Of(OneOf("04", "06", "09", "11"), Expression.Text("-"), TwoDigits(1, 30)),
            Expression.Of(Expression.Text("02-"), TwoDigits(1, 28))));

    private static readonly Expression Time = Expression.Of(
        TwoDigits(0, 23), Expression.Text(":"), TwoDigits(0, 59), Expression.Text(":"), TwoDigits(0, 59),
        Expression.Of(Expression.Text("."), Digit.Times(1, 6)).Optional(),
        Expression.Either(
            Expression.Text("Z"),
            Expression.Of(Expression.Class(('+', '+'), ('-', '-')), TwoDigits(0, 23), Expression.Text(":"), TwoDigits(0, 59))));

    /// <summary>The formats there are.</summary>
    public static IReadOnlyDictionary<string, Expression> All { get; } = new Dictionary<string, Expression>
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = Expression.Of(Date, Expression.Text("T"), Time),
        ["uuid"] = Expression.Of(Hex(8), Expression.Of(Expression.Text("-"), Hex(4)).Times(3, 3), Expression.Text("-"), Hex(12)),
    };

    private static Expression Hex(int digits) => Expression.Class(('0', '9'), ('a', 'f')).Times(digits, digits);

    private static Expression.Choice TwoDigits(int min, int max) => OneOf([.. Enumerable.Range(min, max - min + 1).Select(i => $"{i:D2}")]);

    private static Expression.Choice OneOf(params string[] texts) => new Expression.Choice([.. texts.Select(Expression.Text)]);
}
