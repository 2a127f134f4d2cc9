using System.Globalization;
using System.Text.Json;

namespace VkInfer.Grammar;

/// <summary>References into a schema by JSON pointer (RFC 6901), e.g. <c>#/$defs/node</c>.</summary>
internal static class JsonPointer
{
    /// <summary>The value that a reference names.</summary>
    /// <param name="root">The schema.</param>
    /// <param name="pointer">The reference.</param>
    /// <param name="at">Where it stands, for messages.</param>
    /// <exception cref="GrammarException">It leads nowhere, or out of the schema.</exception>
    public static JsonElement Find(JsonElement root, string pointer, string at)
    {
        if (pointer != "#" && !pointer.StartsWith("#/", StringComparison.Ordinal))
        {
            throw new GrammarException(at, $"'$ref' to '{Shown(pointer)}' is not supported; expected '#' or '#/…' within the schema");
        }

        JsonElement value = root;
        foreach (string escaped in pointer.Split('/').Skip(1))
        {
            string part = Uri.UnescapeDataString(escaped)
                .Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            bool found = value.ValueKind switch
            {
                JsonValueKind.Object => value.TryGetProperty(part, out value),
                JsonValueKind.Array => TryGetItem(value, part, out value),
                _ => false,
            };
            if (!found)
            {
                throw new GrammarException(at, $"'$ref' to '{Shown(pointer)}' leads nowhere");
            }
        }

        return value;
    }

    private static bool TryGetItem(JsonElement array, string part, out JsonElement item)
    {
        bool found = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < array.GetArrayLength();
        item = found ? array[index] : default;
        return found;
    }

    private static string Shown(string pointer) =>
        new([.. pointer.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
}
