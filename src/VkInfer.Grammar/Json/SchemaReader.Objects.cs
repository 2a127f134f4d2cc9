using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

internal sealed partial class SchemaReader
{
    // A tree over the characters of names is built where other names are allowed.
    private const int MaxNameLength = 200;

    private Expression Object(JsonElement schema, string at)
    {
        HashSet<string> required = Required(schema, at);
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
                    members.Add((Member(property.Name, Value(property.Value, place)), isRequired));
                }
            }
        }

        foreach (string name in required.Where(names.Add))
        {
            members.Add(others is { ValueKind: not JsonValueKind.False } other
                ? (Member(name, Value(other, $"{at}/additionalProperties")), true)
                : others is null
                    ? (Member(name, _json.AnyValue), true)
                    : throw Fault(at, $"property '{Short(name)}' is required, but additionalProperties is false"));
        }

        Expression? additional = null;
        if (allowsOthers)
        {
            if (names.FirstOrDefault(name => name.Length > MaxNameLength) is { } name)
            {
                throw Fault(at, $"property '{Short(name)}' has more than {MaxNameLength} characters beside additionalProperties");
            }

            Expression value = others is { } other ? Value(other, $"{at}/additionalProperties") : _json.AnyValue;
            Expression key = names.Count == 0 ? _json.String : _constants.StringExcept(names);
            additional = Shared(Expression.Of(key, _json.Colon, value), $"{at}/additionalProperties");
        }

        return _json.Braces(Members(members, additional, at));
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

    private Expression Member(string name, Expression value) => Expression.Of(JsonConstants.String(name), _json.Colon, value);

    private static HashSet<string> Required(JsonElement schema, string at)
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
}
