using System.Text.Json;

namespace VkInfer.Configuration;

/// <summary>Numbers that Python's json writes and JSON does not have.</summary>
internal static class PythonNumbers
{
    private static ReadOnlySpan<byte> Infinity => "Infinity"u8;

    // As long, and as a number too large for any type infinite.
    private static ReadOnlySpan<byte> Large => "1e99999 "u8;

    /// <summary>A text in which each <c>Infinity</c> outside of strings is a number that is read as such.</summary>
    public static ReadOnlyMemory<byte> ToJson(ReadOnlyMemory<byte> text)
    {
        if (text.Span.IndexOf(Infinity) < 0)
        {
            return text;
        }

        byte[] changed = text.ToArray();
        bool isString = false;
        for (int i = 0; i < changed.Length; i++)
        {
            if (isString && changed[i] == '\\')
            {
                i++;
            }
            else if (changed[i] == '"')
            {
                isString = !isString;
            }
            else if (!isString && changed.AsSpan(i).StartsWith(Infinity))
            {
                Large.CopyTo(changed.AsSpan(i));
            }
        }

        return changed;
    }

    /// <summary>Whether a value is positive infinity, as Python or transformers writes it.</summary>
    public static bool IsInfinite(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.TryGetDouble(out double number) && double.IsPositiveInfinity(number),
        JsonValueKind.Object => value.TryGetProperty("__float__", out JsonElement name) && name.ValueKind == JsonValueKind.String
            && name.ValueEquals(Infinity),
        _ => false,
    };
}
