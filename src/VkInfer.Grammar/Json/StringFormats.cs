using System.Globalization;
using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar;

/// <summary>A format that strings are held to.</summary>
/// <param name="Name">Its name in schemas.</param>
/// <param name="Content">The string, without its quotation marks.</param>
internal sealed record StringFormat(string Name, Expression Content)
{
    private Dfa? _strings;

    /// <summary>The strings as a language.</summary>
    public Dfa Strings => _strings ??= DfaBuilder.Of(Content);
}

/// <summary>
/// The formats that are known: of dates, times and durations (RFC 3339), UUIDs (RFC 4122), addresses of the Internet (RFC 5321, 1123, 2673,
/// 4291, 3986) and JSON pointers (RFC 6901), each in its common form. All others are annotations (JSON Schema 2020-12, Validation,
/// section 7.2.1).
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

    private static readonly Expression Alphanumeric = Expression.Class(('0', '9'), ('A', 'Z'), ('a', 'z'));

    private static readonly Expression Byte = Expression.Either(
        Digit, Expression.Of(Expression.Class(('1', '9')), Digit), Expression.Of(Expression.Text("1"), Digit, Digit),
        Expression.Of(Expression.Text("2"), Expression.Class(('0', '4')), Digit),
        Expression.Of(Expression.Text("25"), Expression.Class(('0', '5'))));

    private static readonly Expression Ipv4 = Expression.Of(Byte, Expression.Of(Expression.Text("."), Byte).Times(3, 3));

    /// <summary>Letters and digits, with single hyphens inside.</summary>
    private static readonly Expression Label = Expression.Of(
        Alphanumeric.Times(1, 16), Expression.Of(Expression.Text("-"), Alphanumeric.Times(1, 8)).Times(0, 2));

    private static readonly Expression Domain = Expression.Of(
        Label, Expression.Of(Expression.Text("."), Label).Times(0, 3), Expression.Text("."),
        Expression.Class(('A', 'Z'), ('a', 'z')).Times(2, 12));

    private static readonly Expression Email = Expression.Of(
        Alphanumeric, Expression.Class(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'), ('+', '+'), ('-', '-')).Times(0, 24),
        Expression.Of(Expression.Text("."), Alphanumeric.Times(1, 16)).Times(0, 2), Expression.Text("@"), Domain);

    private static readonly Expression PathCharacter = Expression.Either(
        Expression.Class(
            ('0', '9'), ('A', 'Z'), ('a', 'z'), ('-', '-'), ('.', '.'), ('_', '_'), ('~', '~'), ('!', '!'), ('$', '$'), ('(', ','),
            ('=', '='), (':', ';'), ('@', '@')),
        Expression.Of(Expression.Text("%"), Expression.Class(('0', '9'), ('A', 'F')).Times(2, 2)));

    private static readonly Expression Query = Expression.Either(PathCharacter, Expression.Class(('&', '&'), ('/', '/'), ('?', '?')));

    private static readonly Expression PathAndMore = Expression.Of(
        Expression.Of(Expression.Text("/"), PathCharacter.Times(0, null)).Times(0, null),
        Expression.Of(Expression.Text("?"), Query.Times(0, null)).Optional(),
        Expression.Of(Expression.Text("#"), Query.Times(0, null)).Optional());

    private static readonly Expression Uri = Expression.Either(
        Expression.Of(
            OneOf("http", "https", "ftp", "ws", "wss"), Expression.Text("://"),
            Expression.Either(Domain, Expression.Text("localhost"), Ipv4),
            Expression.Of(Expression.Text(":"), Expression.Class(('1', '9')), Digit.Times(0, 3)).Optional(), PathAndMore),
        Expression.Of(Expression.Text("mailto:"), Email),
        Expression.Of(
            Expression.Text("urn:"), Expression.Class(('a', 'z')), Expression.Class(('0', '9'), ('a', 'z')).Times(1, 16),
            Expression.Text(":"), Expression.Class(('0', '9'), ('A', 'Z'), ('a', 'z'), ('-', '.'), (':', ':')).Times(1, null)));

    private static readonly Expression UriReference = Expression.Either(
        Uri, Expression.Of(Expression.Text("/"), PathCharacter, PathCharacter.Times(0, null), PathAndMore));

    private static readonly Expression Ipv6 = Expression.Either(
        Expression.Of(Group(), Expression.Of(Expression.Text(":"), Group()).Times(7, 7)),
        Expression.Of(
            Group(), Expression.Of(Expression.Text(":"), Group()).Times(0, 2), Expression.Text("::"),
            Expression.Of(Group(), Expression.Of(Expression.Text(":"), Group()).Times(0, 2)).Optional()),
        Expression.Of(Expression.Text("::"), Group().Optional()));

    private static readonly Expression Duration = Expression.Of(Expression.Text("P"), Expression.Either(
        Expression.Of(Units("D"), TimeUnits().Optional()), Expression.Of(Units("M"), Units("D").Optional(), TimeUnits().Optional()),
        Expression.Of(Units("Y"), Expression.Of(Units("M"), Units("D").Optional()).Optional(), TimeUnits().Optional()),
        TimeUnits(), Units("W")));

    private static readonly Expression Pointer = Expression.Of(
        Expression.Text("/"),
        Expression.Either(Expression.Class((' ', '!'), ('#', '.'), ('0', '['), (']', '}')), OneOf("~0", "~1")).Times(0, null))
        .Times(0, null);

    private static readonly Dictionary<string, StringFormat> All = new StringFormat[]
    {
        new("date", Date),
        new("time", Time),
        new("date-time", Expression.Of(Date, Expression.Text("T"), Time)),
        new("duration", Duration),
        new("uuid", Expression.Of(Hex(8), Expression.Of(Expression.Text("-"), Hex(4)).Times(3, 3), Expression.Text("-"), Hex(12))),
        new("email", Email),
        new("idn-email", Email),
        new("hostname", Domain),
        new("idn-hostname", Domain),
        new("ipv4", Ipv4),
        new("ipv6", Ipv6),
        new("uri", Uri),
        new("iri", Uri),
        new("uri-reference", UriReference),
        new("iri-reference", UriReference),
        new("json-pointer", Pointer),
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

    private static Expression Group() => Expression.Class(('0', '9'), ('a', 'f')).Times(1, 4);

    private static Expression Units(string letter) => Expression.Of(
        Expression.Either(Expression.Text("0"), Expression.Of(Expression.Class(('1', '9')), Digit.Times(0, 3))), Expression.Text(letter));

    /// <summary>Hours, minutes and seconds: the largest that there is, and what follows it without a gap.</summary>
    private static Expression TimeUnits() => Expression.Of(Expression.Text("T"), Expression.Either(
        Units("S"), Expression.Of(Units("M"), Units("S").Optional()),
        Expression.Of(Units("H"), Expression.Of(Units("M"), Units("S").Optional()).Optional())));

    private static Expression Hex(int digits) => Expression.Class(('0', '9'), ('a', 'f')).Times(digits, digits);

    private static Expression.Choice TwoDigits(int min, int max) =>
        OneOf([.. Enumerable.Range(min, max - min + 1).Select(value => TwoDigits(value))]);

    private static string TwoDigits(int value) => value.ToString("D2", CultureInfo.InvariantCulture);

    private static Expression.Choice OneOf(params string[] texts) => new Expression.Choice([.. texts.Select(Expression.Text)]);
}
