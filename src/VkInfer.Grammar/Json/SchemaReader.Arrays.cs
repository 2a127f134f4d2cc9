using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

internal sealed partial class SchemaReader
{
    private Expression ArrayOf(JsonElement schema, string at)
    {
        int min = Count(schema, "minItems", at) ?? 0;
        int? max = Count(schema, "maxItems", at);
        CheckOrder(min, max, "minItems", "maxItems", at);
        JsonElement[] prefix = schema.TryGetProperty("prefixItems", out JsonElement value) ? Array(value, "prefixItems", at) : [];
        prefix = prefix[..Math.Min(prefix.Length, max ?? prefix.Length)];

        // Items that no schema speaks of appear only where the array would be too short without them, or nothing is said at all.
        bool hasItems = schema.TryGetProperty("items", out JsonElement items);
        bool allowsItems = hasItems ? items.ValueKind != JsonValueKind.False : prefix.Length == 0 || min > prefix.Length;
        if (!allowsItems && min > prefix.Length)
        {
            throw Fault(at, $"'minItems' {min} is more than the {prefix.Length} items that are allowed");
        }

        Expression rest = Expression.Empty;
        if (allowsItems && max != prefix.Length)
        {
            Expression item = hasItems ? Shared(Value(items, $"{at}/items"), $"{at}/items") : _json.AnyValue;
            rest = prefix.Length > 0
                ? Expression.Of(_json.Comma, item).Times(Math.Max(0, min - prefix.Length), max - prefix.Length)
                : Counted(item, min, max);
        }

        for (int i = prefix.Length - 1; i >= 0; i--)
        {
            Expression item = Value(prefix[i], $"{at}/prefixItems/{i}");
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
}
