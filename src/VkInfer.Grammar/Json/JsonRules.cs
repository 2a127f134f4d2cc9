using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>
/// The parts that JSON texts are made of (RFC 8259), as rules of one grammar: each is added when it is first asked for, and its states
/// are there once, however many places refer to it.
/// </summary>
internal sealed class JsonRules(RuleSet rules)
{
    // Numbers longer than this lose digits when they are read.
    private const int Digits = 15;

    // Indentation beyond this says nothing more.
    private const int Indentation = 16;

    /// <summary>What stands for itself in a string: no quotation mark, backslash or control character.</summary>
    public static readonly IReadOnlyList<(int First, int Last)> PlainRanges =
        Utf8Ranges.Complement([(0, 0x1F), ('"', '"'), ('\\', '\\')]);

    private static readonly Expression Digit = Expression.Class(('0', '9'));
    private static readonly Expression HexDigit = Expression.Class(('0', '9'), ('A', 'F'), ('a', 'f'));
    private static readonly Expression Plain = new Expression.CodePoints(PlainRanges);

    private static readonly Expression AnyCharacter = Expression.Either(
        Plain,
        Expression.Of(
            Expression.Text("\\"),
            Expression.Class(('"', '"'), ('/', '/'), ('\\', '\\'), ('b', 'b'), ('f', 'f'), ('n', 'n'), ('r', 'r'), ('t', 't'))),
        Expression.Of(
            Expression.Text("\\u"), Expression.Class(('0', '9'), ('A', 'C'), ('a', 'c'), ('E', 'F'), ('e', 'f')), HexDigit.Times(3, 3)),
        Expression.Of(
            Expression.Text("\\u"), Expression.Class(('D', 'D'), ('d', 'd')), Expression.Class(('0', '7')), HexDigit.Times(2, 2)));

    private static readonly Expression WholeNumber = Expression.Of(
        Expression.Text("-").Optional(),
        Expression.Either(Expression.Text("0"), Expression.Of(Expression.Class(('1', '9')), Digit.Times(0, Digits - 1))));

    private readonly Dictionary<string, int> _rules = [];

    public static Expression Boolean { get; } = Expression.Either(Expression.Text("true"), Expression.Text("false"));

    public static Expression Null { get; } = Expression.Text("null");

    /// <summary>White space between tokens: none, a space, or a line end with indentation.</summary>
    public Expression Space => Rule("white space", () => Expression.Either(
        Expression.Empty, Expression.Text(" "),
        Expression.Of(Expression.Text("\n"), Expression.Class((' ', ' '), ('\t', '\t')).Times(0, Indentation))));

    public Expression Comma => Rule("comma", () => Expression.Of(Expression.Text(","), Space));

    public Expression Colon => Rule("colon", () => Expression.Of(Expression.Text(":"), Space));

    public Expression Integer => Rule("integer", () => WholeNumber);

    public Expression Number => Rule("number", () => Expression.Of(
        WholeNumber,
        Expression.Of(Expression.Text("."), Digit.Times(1, Digits)).Optional(),
        Expression.Of(
            Expression.Class(('E', 'E'), ('e', 'e')), Expression.Class(('+', '+'), ('-', '-')).Optional(), Digit.Times(1, 2)).Optional()));

    /// <summary>Any string.</summary>
    public Expression String => Rule("string", () => Quoted(AnyCharacter.Times(0, null)));

    /// <summary>Any number of characters that stand for themselves.</summary>
    public Expression PlainText => Rule("plain text", () => Plain.Times(0, null));

    /// <summary>Any JSON value.</summary>
    public Expression AnyValue => Rule("any value", () => Expression.Either(
        Braces(List(Expression.Of(String, Colon, AnyValue))), Brackets(List(AnyValue)), String, Number, Boolean, Null));

    /// <summary>One character of a string. An escaped one is never half of a surrogate pair: each counts as one.</summary>
    private Expression Character => Rule("character", () => AnyCharacter);

    public static Expression Quoted(Expression content) => Expression.Of(Expression.Text("\""), content, Expression.Text("\""));

    public Expression Braces(Expression content) => Expression.Of(Expression.Text("{"), Space, content, Space, Expression.Text("}"));

    public Expression Brackets(Expression content) => Expression.Of(Expression.Text("["), Space, content, Space, Expression.Text("]"));

    /// <summary>Any number of items with commas between.</summary>
    public Expression List(Expression item) => Expression.Of(item, Expression.Of(Comma, item).Times(0, null)).Optional();

    /// <summary>A string whose characters, escaped ones counted once, number at least and at most so many.</summary>
    public Expression StringOf(int min, int? max) => min == 0 && max is null ? String : Quoted(Character.Times(min, max));

    /// <summary>A string of a known format.</summary>
    public Expression Formatted(StringFormat format) => Rule(format.Name, () => Quoted(format.Content));

    private Expression.Reference Rule(string name, Func<Expression> body)
    {
        if (!_rules.TryGetValue(name, out int rule))
        {
            // Its number first: a body may refer to its own rule.
            rule = rules.Add(name, "#");
            _rules.Add(name, rule);
            rules.Define(rule, "#", body());
        }

        return new Expression.Reference(rule);
    }
}
