using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Facts;
using VkInfer.Grammar.Regular;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar;

internal sealed partial class SchemaReader
{
    // A tree over the characters of names is built where other names are allowed.
    private const int MaxNameLength = 200;

    // Each set of patterns that a name matches has a rule.
    private const int MostPatterns = 4;

    private Expression Object(ValueFacts facts, string at)
    {
        string[] names = [.. facts.Objects.SelectMany(shape => shape.Named.Keys).Concat(facts.Required).Distinct()];
        HashSet<string> required = [.. facts.Required], forbidden = [.. facts.Forbidden];
        var members = new List<(Expression Member, bool IsRequired)>();
        foreach (string name in names)
        {
            Goal goal = ValueCheck.PropertyGoal(facts, name);
            bool isRequired = required.Contains(name);

            // What nothing may stand for is left out.
            if (!goal.IsNothing && !forbidden.Contains(name) && _check.AllowsName(facts, name))
            {
                members.Add((Member(name, Value(goal)), isRequired));
            }
            else if (isRequired)
            {
                return new Expression.Choice([]);
            }
        }

        Expression? others = Others(facts, [.. names.Union(forbidden)], at);
        bool isCounted = facts.MinProperties > required.Count
            || (facts.MaxProperties is { } max && (others is not null || max < members.Count));
        return _json.Braces(
            isCounted ? Counted(members, others, facts.MinProperties, facts.MaxProperties, at) : Members(members, others, at));
    }

    /// <summary>A member whose name is none of those that are known; null where there may be none.</summary>
    private Expression.Reference? Others(ValueFacts facts, string[] names, string at)
    {
        (ObjectShape Shape, Dfa Names, Part Value)[] patterns =
            [.. facts.Objects.SelectMany(shape => shape.Patterns.Select(pattern => (shape, pattern.Names, pattern.Value)))];
        if (patterns.Length > MostPatterns)
        {
            throw Fault(at, $"'patternProperties' with more than {MostPatterns} patterns is not supported");
        }

        var ways = new List<Expression>();
        for (int set = 0; set < 1 << patterns.Length; set++)
        {
            var goal = new Goal(
                from shape in facts.Objects
                let matched = patterns.Where((pattern, i) => (set & (1 << i)) != 0 && pattern.Shape == shape).Select(p => p.Value).ToArray()
                from part in matched.Length > 0 ? matched : shape.Others is { } rest ? [rest] : []
                select part);
            bool isSpokenOf = set != 0 || facts.Objects.Any(shape => shape.Others is not null)
                || facts.Objects.All(shape => shape.Named.Count == 0 && shape.Patterns.Count == 0);
            if (goal.IsNothing || !isSpokenOf)
            {
                continue;
            }

            Expression? name = patterns.Length == 0 && facts.Names.Count == 0
                ? AnyOther(names, at)
                : Names(
                    facts, [.. patterns.Select((pattern, i) => (set & (1 << i)) != 0 ? pattern.Names : pattern.Names.Not())], names, at);
            if (name is not null)
            {
                ways.Add(Expression.Of(name, _json.Colon, Value(goal)));
            }
        }

        return ways.Count == 0 ? null : Shared(new Expression.Choice(ways), $"{at}/additionalProperties");
    }

    private Expression AnyOther(string[] names, string at)
    {
        if (System.Array.Find(names, name => name.Length > MaxNameLength) is { } name)
        {
            throw Fault(at, $"property '{Short(name)}' has more than {MaxNameLength} characters beside additionalProperties");
        }

        return names.Length == 0 ? _json.String : _constants.StringExcept(names);
    }

    /// <summary>Names that match patterns and are none of those that are known; null where there are none.</summary>
    private Expression? Names(ValueFacts facts, IEnumerable<Dfa> languages, string[] names, string at)
    {
        try
        {
            Dfa language = languages.Aggregate(Dfa.Any, (all, one) => all.And(one));
            language = language.And(DfaBuilder.Of(new Expression.Choice([.. names.Select(Expression.Text)])).Not());
            if (facts.Names.Count > 0)
            {
                language = _expander.Expand(new Goal(facts.Names)).Where(way => (way.Types & JsonTypes.String) != 0)
                    .Select(Strings).Aggregate(default(Dfa), (some, one) => some is null ? one : some.Or(one))
                    ?.And(language) ?? Dfa.Any.Not();
            }

            language = language.Minimize();
            return language.IsEmpty ? null : LanguageRules.AddQuoted(_rules, language, at);
        }
        catch (DfaTooLargeException problem)
        {
            throw new GrammarException(at, "the names that 'patternProperties' and 'propertyNames' allow need too many states", problem);
        }
    }

    private Dfa Strings(ValueFacts facts)
    {
        if (facts.Enum is not { } values)
        {
            return StringLanguage.Of(facts);
        }

        return DfaBuilder.Of(new Expression.Choice(
        [
            .. values.Where(value => value.ValueKind == System.Text.Json.JsonValueKind.String && _check.Allows(facts, value))
                .Select(value => Expression.Text(value.GetString()!)),
        ]));
    }

    /// <summary>
    /// Members in order, with commas between those that are there. A rule for each says what may stand from there on, at least one
    /// member; it ends with that of the next, so that neither states nor open rules grow with the product of members.
    /// </summary>
    private Expression Members(List<(Expression Member, bool IsRequired)> members, Expression? additional, string at)
    {
        Expression? rest = additional is null ? null : Expression.Of(additional, Expression.Of(_json.Comma, additional).Times(0, null));
        bool needsRest = false;
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (Expression member, bool isRequired) = members[i];
            Expression? later = rest is null ? null : Shared(rest, at);
            Expression whole = later is null ? member
                : Expression.Of(member, needsRest ? Expression.Of(_json.Comma, later) : Expression.Of(_json.Comma, later).Optional());
            rest = isRequired || later is null ? whole : Expression.Either(whole, later);
            needsRest |= isRequired;
        }

        return rest is null ? Expression.Empty : needsRest ? rest : rest.Optional();
    }

    /// <summary>
    /// Members in order, counted: a rule for each number that is there before each. Names that the schema does not know might be the
    /// same twice, so that of these one counts towards the least number.
    /// </summary>
    private Expression Counted(List<(Expression Member, bool IsRequired)> members, Expression? others, int min, int? max, string at)
    {
        if (others is not null && min > members.Count + 1)
        {
            throw Fault(at, $"'minProperties' {min} is supported up to one more than the {members.Count} properties with names");
        }

        int cap = Math.Min(max ?? min, members.Count + 1);
        if ((long)members.Count * cap > Limits.Rules / 2)
        {
            throw Fault(at, "'minProperties' and 'maxProperties' beside so many properties are not supported");
        }

        Expression[] next = [.. Enumerable.Range(0, cap + 1).Select(count => Shared(Tail(count), at))];
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (Expression member, bool isRequired) = members[i];
            Expression one = Shared(member, at);
            Expression[] later = next;
            next =
            [
                .. Enumerable.Range(0, Math.Min(i, cap) + 1).Select(count =>
                {
                    var ways = new List<Expression>();
                    if (max is null || count < max)
                    {
                        ways.Add(Expression.Of(count > 0 ? _json.Comma : Expression.Empty, one, later[Math.Min(count + 1, cap)]));
                    }

                    if (!isRequired)
                    {
                        ways.Add(later[count]);
                    }

                    return Shared(new Expression.Choice(ways), at);
                }),
            ];
        }

        return next[0];

        Expression Tail(int count)
        {
            int needed = Math.Max(0, min - count);
            int? room = max - count;
            if (others is null || room <= 0)
            {
                return needed == 0 ? Expression.Empty : new Expression.Choice([]);
            }

            if (needed > 1)
            {
                return new Expression.Choice([]);
            }

            Expression more = Expression.Of(_json.Comma, others);
            return count > 0 ? more.Times(needed, room)
                : needed == 0 ? Expression.Of(others, more.Times(0, room - 1)).Optional()
                : Expression.Of(others, more.Times(0, room - 1));
        }
    }

    private Expression Member(string name, Expression value) => Expression.Of(JsonConstants.String(name), _json.Colon, value);
}
