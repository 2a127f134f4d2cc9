using System.Text.Json;
using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Facts;
using VkInfer.Grammar.Regular;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar;

/// <summary>Turns a JSON schema into rules: one for each object, array, and language of strings or numbers.</summary>
internal sealed partial class SchemaReader
{
    private readonly JsonElement _root;
    private readonly RuleSet _rules;
    private readonly JsonRules _json;
    private readonly JsonConstants _constants;
    private readonly SchemaExpander _expander;
    private readonly ValueCheck _check;
    private readonly Dictionary<string, Expression> _known = [];
    private readonly Queue<(int Rule, IReadOnlyList<ValueFacts> Ways, string At)> _pending = [];

    /// <param name="root">The schema.</param>
    /// <param name="rules">Where its rules go.</param>
    public SchemaReader(JsonElement root, RuleSet rules)
    {
        _root = root;
        _rules = rules;
        _json = new JsonRules(rules);
        _constants = new JsonConstants(_json);
        _expander = new SchemaExpander(root);
        _check = new ValueCheck(_expander);
    }

    /// <summary>Reads the schema, or one within it.</summary>
    /// <param name="pointer">Where that stands.</param>
    /// <returns>The rule of the whole.</returns>
    public int Read(string pointer = "#")
    {
        int whole = _rules.Add(pointer, pointer);
        Goal goal = Whole(pointer, out IReadOnlyList<ValueFacts> ways);

        _known[goal.Key] = new Expression.Reference(whole);
        _pending.Enqueue((whole, ways, goal.At));
        while (_pending.TryDequeue(out (int Rule, IReadOnlyList<ValueFacts> Ways, string At) next))
        {
            _rules.Define(next.Rule, next.At, new Expression.Choice([.. next.Ways.Select(facts => Way(facts, next.At))]));
        }

        return whole;
    }

    /// <summary>Reads a schema of strings as text without quotation marks.</summary>
    /// <param name="pointer">Where it stands.</param>
    /// <param name="within">What texts must be besides.</param>
    public Expression ReadText(string pointer, Dfa within)
    {
        Whole(pointer, out IReadOnlyList<ValueFacts> ways);
        try
        {
            Dfa? language = ways.Where(way => (way.Types & JsonTypes.String) != 0)
                .Select(Strings).Aggregate(default(Dfa), (some, one) => some is null ? one : some.Or(one));
            return language is null ? new Expression.Choice([]) : LanguageRules.Add(_rules, language.And(within).Minimize(), pointer);
        }
        catch (DfaTooLargeException problem)
        {
            throw new GrammarException(pointer, "the texts that the schema allows need too many states", problem);
        }
    }

    private Goal Whole(string pointer, out IReadOnlyList<ValueFacts> ways)
    {
        var root = new Part(JsonPointer.Find(_root, pointer, pointer), pointer);
        var goal = new Goal(_expander.Resolve(root));
        ways = _expander.Expand(goal);
        return ways.Count > 0 ? goal
            : throw Fault(
                pointer, root.Schema.ValueKind == JsonValueKind.False ? "the schema 'false' allows nothing" : "the schema allows nothing");
    }

    /// <summary>What reaches a goal.</summary>
    private Expression Value(Goal goal)
    {
        goal = new Goal(goal.Parts.Select(_expander.Resolve));
        if (goal.IsAnything)
        {
            return _json.AnyValue;
        }

        if (_known.TryGetValue(goal.Key, out Expression? known))
        {
            return known;
        }

        IReadOnlyList<ValueFacts> ways = _expander.Expand(goal);
        bool isSmall = ways.Count == 1 && ways[0].Enum is null && (ways[0].Allowed & (JsonTypes.Array | JsonTypes.Object)) == 0;
        if (isSmall)
        {
            return _known[goal.Key] = Way(ways[0], goal.At);
        }

        int rule = _rules.Add(Short(goal.Key), goal.At);
        _pending.Enqueue((rule, ways, goal.At));
        return _known[goal.Key] = new Expression.Reference(rule);
    }

    /// <summary>One way for a value to be valid.</summary>
    private Expression Way(ValueFacts facts, string at)
    {
        if (facts.Enum is { } values)
        {
            return new Expression.Choice(
                [.. values.Where(value => _check.Allows(facts, value)).Select(value => _constants.Value(value, at))]);
        }

        JsonTypes types = facts.Allowed;
        bool isAnything = types == JsonTypes.All && facts.Spoken == JsonTypes.None && facts.NotEnum.Count == 0;
        if (isAnything)
        {
            return _json.AnyValue;
        }

        var ways = new List<Expression>();
        AddConstants(ways, facts, types);
        if ((types & JsonTypes.Number) != 0)
        {
            ways.Add(Number(facts, types & JsonTypes.Number, at));
        }

        if ((types & JsonTypes.String) != 0)
        {
            ways.Add(Text(facts, at));
        }

        JsonTypes containers = types & (JsonTypes.Array | JsonTypes.Object);
        if (containers != 0 && facts.NotEnum.Any(value => (FactReader.TypeOf(value) & containers) != 0))
        {
            throw Fault(at, "an array or object that is not allowed ('not' of 'const' or 'enum') is not supported");
        }

        if ((types & JsonTypes.Array) != 0)
        {
            ways.Add(List(facts, at));
        }

        if ((types & JsonTypes.Object) != 0)
        {
            ways.Add(Object(facts, at));
        }

        return ways.Count == 1 ? ways[0] : new Expression.Choice(ways);
    }

    private static void AddConstants(List<Expression> ways, ValueFacts facts, JsonTypes types)
    {
        bool Allows(JsonTypes type, JsonValueKind kind) => (types & type) != 0 && !facts.NotEnum.Any(value => value.ValueKind == kind);
        if (Allows(JsonTypes.Null, JsonValueKind.Null))
        {
            ways.Add(JsonRules.Null);
        }

        bool mayTrue = Allows(JsonTypes.Boolean, JsonValueKind.True), mayFalse = Allows(JsonTypes.Boolean, JsonValueKind.False);
        if (mayTrue || mayFalse)
        {
            ways.Add(mayTrue && mayFalse ? JsonRules.Boolean : Expression.Text(mayTrue ? "true" : "false"));
        }
    }

    private Expression Number(ValueFacts facts, JsonTypes types, string at)
    {
        bool isListed = facts.Steps.Count > 0 || facts.NotEnum.Any(value => value.ValueKind == JsonValueKind.Number);
        bool isBound = facts.Min is not null || facts.Max is not null;
        if (isListed || (isBound && types != JsonTypes.Integer) || types == JsonTypes.Fraction)
        {
            return LanguageRules.Add(_rules, NumberLanguage.Of(facts, types), at);
        }

        return types == JsonTypes.Number ? _json.Number : isBound ? Integers(facts) : _json.Integer;
    }

    private static Expression Integers(ValueFacts facts)
    {
        decimal first = -IntegerRange.Largest, last = IntegerRange.Largest;
        if (facts.Min is { } min)
        {
            first = Math.Max(first, min.IsExclusive ? decimal.Floor(min.Value) + 1 : decimal.Ceiling(min.Value));
        }

        if (facts.Max is { } max)
        {
            last = Math.Min(last, max.IsExclusive ? decimal.Ceiling(max.Value) - 1 : decimal.Floor(max.Value));
        }

        return first <= last ? IntegerRange.Of((long)first, (long)last) : new Expression.Choice([]);
    }

    private Expression Text(ValueFacts facts, string at)
    {
        bool isListed = facts.NotEnum.Any(value => value.ValueKind == JsonValueKind.String);
        if (facts.Strings.Count == 0 && !isListed)
        {
            return _json.StringOf(facts.MinLength, facts.MaxLength);
        }

        bool isFormat = facts.Strings is [{ Format: not null, IsNegated: false }]
            && !isListed && facts.MinLength == 0 && facts.MaxLength is null;
        if (isFormat)
        {
            return _json.Formatted(facts.Strings[0].Format!);
        }

        Dfa language = StringLanguage.Of(facts);
        return language.IsEmpty ? new Expression.Choice([]) : LanguageRules.AddQuoted(_rules, language, at);
    }

    /// <summary>A rule of its own, so that an expression that stands in several places is not copied.</summary>
    private Expression.Reference Shared(Expression expression, string at) => new(_rules.Add(at, at, expression));
}
