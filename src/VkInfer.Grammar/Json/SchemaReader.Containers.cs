using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

internal sealed partial class SchemaReader
{
    // A tree over the characters of names is built where other names are allowed.
    private const int MaxNameLength = 200;

    private static readonly Expression Colon = Expression.Of(Expression.Text(":"), JsonTexts.Space);

    private static Expression Braces(Expression content) =>
        Expression.Of(Expression.Text("{"), JsonTexts.Space, content, JsonTexts.Space, Expression.Text("}"));

    private static Expression Brackets(Expression content) =>
        Expression.Of(Expression.Text("["), JsonTexts.Space, content, JsonTexts.Space, Expression.Text("]"));

    /// <summary>Any number of items with commas between.</summary>
    private static Expression List(Expression item) =>
        Expression.Of(item, Expression.Of(JsonTexts.Comma, item).Times(0, null)).Optional();

    private Expression Object(JsonElement schema, string at)
    {
        string[] required = Required(schema, at);
        var members = new List<(Expression Member, bool IsRequired)>();
        var names = new HashSet<string>();
        JsonElement? others = Others(schema, out bool allowsOthers, at);
        if (schema.TryGetProperty("properties", out JsonElement properties))
        {
            if (properties.ValueKind != JsonValueKind.Object)
            {
                throw Fault(at, $"'properties' is an object; found {Kind(properties)}");
            }

            foreach (JsonProperty property in properties.EnumerateObject())
            {
                string place = $"{at}/properties/{Short(property.Name)}";
                if (!names.Add(property.Name))
                {
                    throw Fault(place, "the property is named twice");
                }

                bool isRequired = required.Contains(property.Name);

                // What nothing may stand for is left out.
                if (property.Value.ValueKind != JsonValueKind.False || isRequired)
                {
                    members.Add((Member(property.Name, Value(property.Value, place), place), isRequired));
                }
            }
        }

        foreach (string name in required.Where(names.Add))
        {
            members.Add(others is { ValueKind: not JsonValueKind.False } other
                ? (Member(name, Value(other, $"{at}/additionalProperties"), at), true)
                : others is null
                    ? (Member(name, Any(), at), true)
                    : throw Fault(at, $"property '{Short(name)}' is required, but additionalProperties is false"));
        }

        Expression? additional = null;
        if (allowsOthers)
        {
            if (names.FirstOrDefault(name => name.Length > MaxNameLength) is { } name)
            {
                throw Fault(at, $"property '{Short(name)}' has more than {MaxNameLength} characters beside additionalProperties");
            }

            Expression value = others is { } other ? Value(other, $"{at}/additionalProperties") : Any();
            Expression key = names.Count == 0 ? JsonTexts.String(0, null) : JsonTexts.StringExcept(names, Shared(JsonTexts.Plain.Times(0, null), at));
            additional = Shared(Expression.Of(key, Colon, value), $"{at}/additionalProperties");
        }

        return Braces(Members(members, additional, at));
    }

    /// <summary>
    /// Members in order, with commas between those that are there. From the last to the first: what may follow where a member stands
    /// before (and a comma is needed), and what may follow where none does.
    /// </summary>
    private Expression Members(List<(Expression Member, bool IsRequired)> members, Expression? additional, string at)
    {
        Expression after = additional is null ? Expression.Empty : Expression.Of(JsonTexts.Comma, additional).Times(0, null);
        Expression first = additional is null ? Expression.Empty : List(additional);
        for (int i = members.Count - 1; i >= 0; i--)
        {
            (Expression member, bool isRequired) = members[i];
            Expression rest = Shared(after, at);
            Expression begun = Expression.Of(member, rest);
            Expression follows = Expression.Of(JsonTexts.Comma, member);
            first = isRequired ? begun : Expression.Either(begun, Shared(first, at));
            after = Expression.Of(isRequired ? follows : follows.Optional(), rest);
        }

        return first;
    }

    private Expression.Reference Member(string name, Expression value, string at) =>
        Shared(Expression.Of(JsonTexts.Constant(name), Colon, value), at);

    private static string[] Required(JsonElement schema, string at)
    {
        if (!schema.TryGetProperty("required", out JsonElement value))
        {
            return [];
        }

        JsonElement[] names = Array(value, "required", at);
        return names.All(name => name.ValueKind == JsonValueKind.String)
            ? [.. names.Select(name => name.GetString()!)]
            : throw Fault(at, "'required' is an array of strings");
    }

    /// <summary>The schema of properties that have no name in it; null: any value.</summary>
    private static JsonElement? Others(JsonElement schema, out bool allowed, string at)
    {
        if (!schema.TryGetProperty("additionalProperties", out JsonElement value))
        {
            allowed = !schema.TryGetProperty("properties", out _);
            return null;
        }

        allowed = value.ValueKind != JsonValueKind.False;
        return value.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False
            ? value
            : throw Fault(at, $"'additionalProperties' is a schema; found {Kind(value)}");
    }

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
            Expression item = Shared(hasItems ? Value(items, $"{at}/items") : Any(), $"{at}/items");
            rest = prefix.Length > 0
                ? Expression.Of(JsonTexts.Comma, item).Times(Math.Max(0, min - prefix.Length), max - prefix.Length)
                : Counted(item, min, max);
        }

        for (int i = prefix.Length - 1; i >= 0; i--)
        {
            Expression item = Value(prefix[i], $"{at}/prefixItems/{i}");
            rest = Expression.Of(i > 0 ? JsonTexts.Comma : Expression.Empty, item, Shared(rest, at));
            rest = i >= min ? rest.Optional() : rest;
        }

        return Brackets(rest);
    }

    private static Expression Counted(Expression item, int min, int? max)
    {
        Expression some = Expression.Of(item, Expression.Of(JsonTexts.Comma, item).Times(Math.Max(0, min - 1), max - 1));
        return min == 0 ? some.Optional() : some;
    }
}
