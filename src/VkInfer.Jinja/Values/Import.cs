using System.Collections;
using System.Text.Json;

namespace VkInfer.Jinja;

/// <summary>Values of the caller as values of the template.</summary>
internal static class Import
{
    public static object? Value(object? value, Budget budget, int depth = 0)
    {
        if (depth > budget.Limits.ValueDepth)
        {
            throw JinjaException.Limit($"values nested deeper than {budget.Limits.ValueDepth}");
        }

        return value switch
        {
            null or bool or long or double or string => value,
            int number => (long)number,
            JsonElement json => Json(json, budget, depth),
            IEnumerable<KeyValuePair<string, object?>> pairs => new DictValue(
                pairs.Select(pair => KeyValuePair.Create((object?)pair.Key, Value(pair.Value, budget, depth + 1))), budget),
            IEnumerable items => new ListValue([.. items.Cast<object?>().Select(item => Value(item, budget, depth + 1))], budget),
            _ => throw new ArgumentException($"A template's variable cannot be a {value.GetType()}.", nameof(value)),
        };
    }

    private static object? Json(JsonElement json, Budget budget, int depth) => json.ValueKind switch
    {
        JsonValueKind.Object => new DictValue(
            json.EnumerateObject().Select(member => KeyValuePair.Create((object?)member.Name, Value(member.Value, budget, depth + 1))),
                budget),
        JsonValueKind.Array => new ListValue([.. json.EnumerateArray().Select(item => Value(item, budget, depth + 1))], budget),
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => json.TryGetInt64(out long integer) && !json.GetRawText().AsSpan().ContainsAny(".eE")
            ? (object)integer : json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
