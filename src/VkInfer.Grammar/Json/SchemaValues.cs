using System.Text.Json;

namespace VkInfer.Grammar;

/// <summary>Values of keywords, checked.</summary>
internal static class SchemaValues
{
    /// <summary>The items of a keyword whose value is an array.</summary>
    public static JsonElement[] Array(JsonElement value, string keyword, string at) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray()]
        : throw Fault(at, $"'{keyword}' is an array; found {Kind(value)}");

    /// <summary>The texts of a keyword whose value is an array of strings.</summary>
    public static string[] Strings(JsonElement value, string keyword, string at)
    {
        JsonElement[] items = Array(value, keyword, at);
        return System.Array.TrueForAll(items, item => item.ValueKind == JsonValueKind.String)
            ? [.. items.Select(item => item.GetString()!).Distinct()]
            : throw Fault(at, $"'{keyword}' is an array of strings");
    }

    /// <summary>The members of a keyword whose value is an object.</summary>
    public static IEnumerable<JsonProperty> Members(JsonElement value, string keyword, string at)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Fault(at, $"'{keyword}' is an object; found {Kind(value)}");
        }

        var names = new HashSet<string>();
        foreach (JsonProperty member in value.EnumerateObject())
        {
            yield return names.Add(member.Name)
                ? member : throw Fault($"{at}/{keyword}/{Escaped(member.Name)}", "the property is named twice");
        }
    }

    /// <summary>A schema.</summary>
    public static JsonElement Schema(JsonElement value, string keyword, string at) =>
        value.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False
            ? value
            : throw Fault(at, $"'{keyword}' is a schema; found {Kind(value)}");

    /// <summary>A text.</summary>
    public static string Text(JsonElement value, string keyword, string at) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw Fault(at, $"'{keyword}' is a string; found {Kind(value)}");

    /// <summary>A count; a maximum of more than <see cref="Limits.Repetitions"/> is taken for that.</summary>
    public static int Count(JsonElement value, string keyword, string at)
    {
        if (value.ValueKind == JsonValueKind.Number
            && value.TryGetDecimal(out decimal count) && count >= 0 && count == decimal.Truncate(count))
        {
            // No text is so long that a larger maximum makes a difference.
            return keyword.StartsWith("max", StringComparison.Ordinal) || count <= Limits.Repetitions
                ? (int)Math.Min(count, Limits.Repetitions)
                : throw Fault(at, $"'{keyword}' is at most {Limits.Repetitions}; found {Short(value.GetRawText())}");
        }

        throw Fault(at, $"'{keyword}' is a whole number from 0; found {Short(value.GetRawText())}");
    }

    /// <summary>A bound of numbers. Beyond what is written, it is as good as any there.</summary>
    public static decimal Bound(JsonElement value, string keyword, string at)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw Fault(at, $"'{keyword}' is a number; found {Kind(value)}");
        }

        double rounded = value.GetDouble();
        if (Math.Abs(rounded) > IntegerRange.Largest)
        {
            return Math.Sign(rounded) * (IntegerRange.Largest + 1m);
        }

        bool isExact = value.TryGetDecimal(out decimal bound) && (bound != 0 || rounded == 0);
        return isExact ? bound : throw Fault(at, $"'{keyword}' has too many digits; found {Short(value.GetRawText())}");
    }

    public static GrammarException Fault(string at, string message) => new(Short(at, 200), message);

    public static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    /// <summary>What a message shows of a text of unknown length.</summary>
    public static string Short(string text, int length = 40) =>
        new string([.. text.Take(length).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)])
            + (text.Length > length ? "…" : "");

    /// <summary>A name as a part of a JSON pointer.</summary>
    public static string Escaped(string name) =>
        name.AsSpan().ContainsAny('~', '/')
            ? name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal) : name;
}
