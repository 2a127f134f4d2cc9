using System.Text.Json;
using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Regular;
using VkInfer.Grammar.Tokens;

namespace VkInfer.Grammar;

/// <summary>
/// A part of an answer, of which grammars are composed: text up to a marker, the marker, a value under a schema. So a schema may begin
/// after
/// the reasoning, or a tool call within a text. Immutable and thread-safe.
/// </summary>
public sealed class GrammarPart
{
    private readonly Func<RuleSet, Expression> _add;

    private GrammarPart(Func<RuleSet, Expression> add) => _add = add;

    /// <summary>Nothing.</summary>
    public static GrammarPart Nothing { get; } = new(_ => Expression.Empty);

    /// <summary>Some text as it is.</summary>
    public static GrammarPart Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new GrammarPart(_ => Expression.Text(text));
    }

    /// <summary>One control token, by its text: only the token will do, not text that looks like it.</summary>
    public static GrammarPart Control(string token)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        return new GrammarPart(_ => new Expression.Literal(TokenTrie.ControlBytes(token)));
    }

    /// <summary>A JSON value under a schema (<see cref="JsonSchema"/>).</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="pointer">Which of the schemas in it is meant: a JSON pointer, as <c>#/properties/a</c>.</param>
    /// <exception cref="GrammarException">Thrown by <see cref="Compile"/>: the schema is wrong or not supported.</exception>
    public static GrammarPart Json(JsonElement schema, string pointer = "#")
    {
        JsonElement own = schema.Clone();
        return new GrammarPart(rules => new Expression.Reference(new SchemaReader(own, rules).Read(pointer)));
    }

    /// <summary>
    /// The string that a schema allows, as text without quotation marks and escapes, in which none of the markers stands.
    /// </summary>
    /// <param name="schema">The schema.</param>
    /// <param name="pointer">Which of the schemas in it is meant.</param>
    /// <param name="markers">What the text may not have in it.</param>
    /// <exception cref="GrammarException">Thrown by <see cref="Compile"/>: the schema is wrong or not supported.</exception>
    public static GrammarPart StringWithout(JsonElement schema, string pointer, params string[] markers)
    {
        JsonElement own = schema.Clone();
        return new GrammarPart(rules => new SchemaReader(own, rules).ReadText(pointer, Without(markers)));
    }

    /// <summary>Any text in which none of the markers stands, possibly none at all. Control tokens are no text.</summary>
    /// <param name="markers">What the text may not have in it.</param>
    public static GrammarPart TextWithout(params string[] markers)
    {
        ArgumentNullException.ThrowIfNull(markers);
        string[] own = [.. markers];
        return new GrammarPart(rules => LanguageRules.Add(rules, Without(own), ""));
    }

    /// <summary>Any text that does not begin with another, white space before it not counted; possibly none at all.</summary>
    /// <param name="beginning">What it may not begin with.</param>
    public static GrammarPart TextUnless(string beginning)
    {
        ArgumentException.ThrowIfNullOrEmpty(beginning);
        return new GrammarPart(rules => LanguageRules.Add(
            rules, DfaBuilder.Of(Expression.Of(WhiteSpace.Times(0, null), Expression.Text(beginning), AnyText)).Not().Minimize(), ""));
    }

    /// <summary>Any number of white-space characters up to some.</summary>
    public static GrammarPart Space(int most) =>
        new(_ => Expression.Class((' ', ' '), ('\n', '\n'), ('\t', '\t')).Times(0, most));

    /// <summary>Parts one after another.</summary>
    public static GrammarPart Sequence(params GrammarPart[] parts)
    {
        GrammarPart[] own = [.. parts];
        return new GrammarPart(rules => new Expression.Sequence([.. own.Select(part => part._add(rules))]));
    }

    /// <summary>One of some parts.</summary>
    public static GrammarPart Choice(params GrammarPart[] parts)
    {
        GrammarPart[] own = [.. parts];
        return new GrammarPart(rules => new Expression.Choice([.. own.Select(part => part._add(rules))]));
    }

    /// <summary>A part several times.</summary>
    /// <param name="min">At least so often.</param>
    /// <param name="max">At most so often; null: any number of times.</param>
    public GrammarPart Times(int min, int? max)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(min);
        return new GrammarPart(rules => _add(rules).Times(min, max));
    }

    /// <summary>The grammar of answers that are this part.</summary>
    /// <exception cref="GrammarException">A schema is wrong or not supported, or the grammar is too large.</exception>
    public CompiledGrammar Compile()
    {
        var rules = new RuleSet();
        int whole = rules.Add("answer", "");
        rules.Define(whole, "", _add(rules));
        return new CompiledGrammar(AutomatonBuilder.Build(rules, Limits.SchemaDepth + 8));
    }

    // As char.IsWhiteSpace has it.
    private static Expression WhiteSpace => new Expression.CodePoints(Utf8Ranges.Normalize(
    [
        (0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
        (0x205F, 0x205F), (0x3000, 0x3000),
    ]));

    private static Expression AnyText =>
        new Expression.CodePoints(Utf8Ranges.Normalize([(0, Utf8Ranges.MaxCodePoint)])).Times(0, null);

    private static Dfa Without(string[] markers)
    {
        Expression found = new Expression.Choice([.. markers.Select(Expression.Text)]);
        return markers.Length == 0 ? Dfa.Any : DfaBuilder.Of(Expression.Of(AnyText, found, AnyText)).Not().Minimize();
    }
}
