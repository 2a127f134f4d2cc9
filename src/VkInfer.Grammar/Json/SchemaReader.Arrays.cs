using System.Globalization;
using System.Numerics;
using System.Text.Json;
using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Facts;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar;

internal sealed partial class SchemaReader
{
    // Each set of values that are used has a rule.
    private const int MostUniqueValues = 10;

    private Expression List(ValueFacts facts, string at)
    {
        (int min, int? max) = (facts.MinItems, facts.MaxItems);
        int prefix = facts.Arrays.Select(shape => shape.Prefix.Length).DefaultIfEmpty(0).Max();

        // Items that no schema speaks of appear only where the array would be too short without them, or nothing is said at all.
        Goal others = ValueCheck.ItemGoal(facts, prefix);
        bool hasItems = facts.Arrays.Any(shape => shape.Items is not null);
        bool allowsItems = !others.IsNothing && (hasItems || prefix == 0 || min > prefix);
        if (facts.UniqueAt is { } place && !(max <= 1) && (allowsItems || prefix > 1))
        {
            return _json.Brackets(Unique(facts, allowsItems ? max : Math.Min(prefix, max ?? prefix), place));
        }

        prefix = Math.Min(prefix, max ?? prefix);
        if (!allowsItems && min > prefix)
        {
            return new Expression.Choice([]);
        }

        Expression rest = Expression.Empty;
        if (allowsItems && max != prefix)
        {
            Expression value = Value(others);
            Expression item = value is Expression.Reference ? value : Shared(value, at);
            rest = prefix > 0
                ? Expression.Of(_json.Comma, item).Times(Math.Max(0, min - prefix), max - prefix)
                : Counted(item, min, max);
        }

        for (int i = prefix - 1; i >= 0; i--)
        {
            Expression item = Value(ValueCheck.ItemGoal(facts, i));
            rest = Expression.Of(i > 0 ? _json.Comma : Expression.Empty, item, Shared(rest, at));
            rest = i >= min ? rest.Optional() : rest;
        }

        return _json.Brackets(rest);
    }

    private Expression Counted(Expression item, int min, int? max)
    {
        Expression some = Expression.Of(item, Expression.Of(_json.Comma, item).Times(Math.Max(0, min - 1), max - 1));
        return min == 0 ? some.Optional() : some;
    }

    /// <summary>Items of a few values, none of them twice: a rule for each set of values that are used.</summary>
    private Expression Unique(ValueFacts facts, int? max, string at)
    {
        var values = new List<JsonElement>();
        int prefix = facts.Arrays.Select(shape => shape.Prefix.Length).DefaultIfEmpty(0).Max();
        for (int i = 0; i <= prefix && !(i >= max); i++)
        {
            foreach (JsonElement value in Values(ValueCheck.ItemGoal(facts, i), at))
            {
                if (!values.Exists(other => JsonElement.DeepEquals(other, value)))
                {
                    values.Add(value);
                }
            }
        }

        if (values.Count > MostUniqueValues)
        {
            throw NotFew(at);
        }

        // From the set of all values down, so that what follows is there.
        var rules = new Expression[1 << values.Count];
        Expression[] items = [.. values.Select(value => Shared(_constants.Value(value, at), at))];
        for (int used = rules.Length - 1; used >= 0; used--)
        {
            int count = BitOperations.PopCount((uint)used);
            var ways = new List<Expression>();
            if (count >= facts.MinItems)
            {
                ways.Add(Expression.Empty);
            }

            Goal goal = ValueCheck.ItemGoal(facts, count);
            for (int i = 0; i < values.Count && !(count >= max); i++)
            {
                if ((used & (1 << i)) == 0 && _check.Allows(goal, values[i]))
                {
                    ways.Add(Expression.Of(count > 0 ? _json.Comma : Expression.Empty, items[i], rules[used | (1 << i)]));
                }
            }

            rules[used] = Shared(new Expression.Choice(ways), at);
        }

        return rules[0];
    }

    /// <summary>All values of a goal that has few.</summary>
    private IEnumerable<JsonElement> Values(Goal goal, string at)
    {
        foreach (ValueFacts facts in _expander.Expand(goal))
        {
            if (facts.Enum is { } listed)
            {
                foreach (JsonElement value in listed.Where(value => _check.Allows(facts, value)))
                {
                    yield return value;
                }

                continue;
            }

            JsonTypes types = facts.Allowed;
            bool isFew = (types & ~(JsonTypes.Null | JsonTypes.Boolean | JsonTypes.Integer)) == 0
                && ((types & JsonTypes.Integer) == 0
                    || (facts.Min is { } min && facts.Max is { } max && max.Value - min.Value <= MostUniqueValues));
            if (!isFew)
            {
                throw NotFew(at);
            }

            var texts = new List<string>();
            texts.AddRange((types & JsonTypes.Null) != 0 ? ["null"] : []);
            texts.AddRange((types & JsonTypes.Boolean) != 0 ? ["true", "false"] : []);
            for (decimal number = decimal.Ceiling(facts.Min?.Value ?? 1); number <= (facts.Max?.Value ?? 0); number++)
            {
                texts.Add(number.ToString("F0", CultureInfo.InvariantCulture));
            }

            foreach (string text in texts)
            {
                using JsonDocument document = JsonDocument.Parse(text);
                if (_check.Allows(facts, document.RootElement))
                {
                    yield return document.RootElement.Clone();
                }
            }
        }
    }

    private static GrammarException NotFew(string at) =>
        Fault(at, $"'uniqueItems' is supported for lists whose items have at most {MostUniqueValues} different values");
}
