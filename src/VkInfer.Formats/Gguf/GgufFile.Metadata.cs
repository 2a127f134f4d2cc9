using System.Text;

namespace VkInfer.Formats;

/// <summary>Typed access to metadata. A value of the wrong type or range is an error that names it, never a silent default.</summary>
public sealed partial class GgufFile
{
    /// <summary>A required string, decoded as UTF-8 (invalid sequences become U+FFFD).</summary>
    /// <exception cref="ModelFormatException">The key is missing or of another type.</exception>
    public string GetString(string key) => TryGetString(key, out string? value) ? value : throw Missing(key, "a string");

    /// <summary>An optional string; false where the key is missing.</summary>
    /// <exception cref="ModelFormatException">The key is of another type.</exception>
    public bool TryGetString(string key, out string value)
    {
        value = "";
        return Metadata.TryGetValue(key, out GgufValue? entry)
            && (entry.TryGetString(out value) ? true : throw WrongType(key, entry, "a string"));
    }

    /// <summary>A required integer of any integer type within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or out of range.</exception>
    public int GetInt(string key, int min = int.MinValue, int max = int.MaxValue) =>
        TryGetInt(key, out int value, min, max) ? value : throw Missing(key, "an integer");

    /// <summary>An optional integer of any integer type; false where the key is missing.</summary>
    /// <exception cref="ModelFormatException">The key is of another type or out of range.</exception>
    public bool TryGetInt(string key, out int value, int min = int.MinValue, int max = int.MaxValue)
    {
        bool found = TryGetLong(key, out long wide, min, max);
        value = (int)wide;
        return found;
    }

    /// <summary>A required integer of any integer type within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or out of range.</exception>
    public long GetLong(string key, long min = long.MinValue, long max = long.MaxValue) =>
        TryGetLong(key, out long value, min, max) ? value : throw Missing(key, "an integer");

    /// <summary>An optional integer of any integer type; false where the key is missing.</summary>
    /// <exception cref="ModelFormatException">The key is of another type or out of range.</exception>
    public bool TryGetLong(string key, out long value, long min = long.MinValue, long max = long.MaxValue)
    {
        value = 0;
        if (!Metadata.TryGetValue(key, out GgufValue? entry))
        {
            return false;
        }

        if (!entry.TryGetInt64(out value) && entry.Type != GgufValueType.UInt64)
        {
            throw WrongType(key, entry, "an integer");
        }

        if (entry.TryGetInt64(out value) && value >= min && value <= max)
        {
            return true;
        }

        throw Fault(key, entry, "is out of range", $"{min} to {max}", entry.ToString());
    }

    /// <summary>A required finite number, Float32 or Float64.</summary>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or not a finite binary32.</exception>
    public float GetFloat(string key) => TryGetFloat(key, out float value) ? value : throw Missing(key, "a float");

    /// <summary>An optional finite number, Float32 or Float64; false where the key is missing.</summary>
    /// <exception cref="ModelFormatException">The key is of another type or not a finite binary32.</exception>
    public bool TryGetFloat(string key, out float value)
    {
        value = 0;
        if (!Metadata.TryGetValue(key, out GgufValue? entry))
        {
            return false;
        }

        if (!entry.TryGetDouble(out double wide))
        {
            throw WrongType(key, entry, "a float");
        }

        value = (float)wide;
        return float.IsFinite(value) ? true : throw Fault(key, entry, "is out of range", "a finite binary32", entry.ToString());
    }

    /// <summary>A required bool.</summary>
    /// <exception cref="ModelFormatException">The key is missing or of another type.</exception>
    public bool GetBool(string key) => TryGetBool(key, out bool value) ? value : throw Missing(key, "a bool");

    /// <summary>An optional bool; false where the key is missing.</summary>
    /// <exception cref="ModelFormatException">The key is of another type.</exception>
    public bool TryGetBool(string key, out bool value)
    {
        value = false;
        return Metadata.TryGetValue(key, out GgufValue? entry)
            && (entry.TryGetBool(out value) ? true : throw WrongType(key, entry, "a bool"));
    }

    /// <summary>A required array of strings as raw bytes: lossless, as byte-level vocabularies need it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="count">The length it must have, if known.</param>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or of another length.</exception>
    public GgufByteStrings GetByteStringArray(string key, int? count = null)
    {
        GgufValue entry = GetArray(key, "an array of strings", count);
        return entry.ByteStrings ?? throw WrongType(key, entry, "an array of strings");
    }

    /// <summary>A required array of strings decoded as UTF-8 (invalid sequences become U+FFFD); a new array at each call.</summary>
    /// <param name="key">The key.</param>
    /// <param name="count">The length it must have, if known.</param>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or of another length.</exception>
    public string[] GetStringArray(string key, int? count = null)
    {
        GgufByteStrings strings = GetByteStringArray(key, count);
        string[] result = new string[strings.Count];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = Encoding.UTF8.GetString(strings[i]);
        }

        return result;
    }

    /// <summary>A required array of Float32 or Float64 as binary32 (NaN and infinities pass); a new array at each call.</summary>
    /// <param name="key">The key.</param>
    /// <param name="count">The length it must have, if known.</param>
    /// <exception cref="ModelFormatException">The key is missing, of another type, or of another length.</exception>
    public float[] GetFloatArray(string key, int? count = null)
    {
        const string Expected = "an array of floats";
        GgufValue entry = GetArray(key, Expected, count);
        if (entry.ElementType is not (GgufValueType.Float32 or GgufValueType.Float64))
        {
            throw WrongType(key, entry, Expected);
        }

        float[] result = new float[entry.Count];
        for (int i = 0; i < result.Length; i++)
        {
            _ = entry.TryGetElement(i, out double value);
            result[i] = (float)value;
        }

        return result;
    }

    /// <summary>A required array of any integer type, each element within 32 signed bits; a new array at each call.</summary>
    /// <param name="key">The key.</param>
    /// <param name="count">The length it must have, if known.</param>
    /// <exception cref="ModelFormatException">The key is missing, of another type or length, or an element is out of range.</exception>
    public int[] GetIntArray(string key, int? count = null)
    {
        const string Expected = "an array of integers";
        GgufValue entry = GetArray(key, Expected, count);
        if (entry.ElementType is GgufValueType.String or GgufValueType.Array or GgufValueType.Bool
            or GgufValueType.Float32 or GgufValueType.Float64)
        {
            throw WrongType(key, entry, Expected);
        }

        int[] result = new int[entry.Count];
        for (int i = 0; i < result.Length; i++)
        {
            if (!entry.TryGetElement(i, out long value) || value is < int.MinValue or > int.MaxValue)
            {
                throw Fault(
                    key, entry, $"has element {i} out of range", $"{int.MinValue} to {int.MaxValue}", entry.GetElement(i).ToString());
            }

            result[i] = (int)value;
        }

        return result;
    }

    private GgufValue GetArray(string key, string expected, int? count)
    {
        GgufValue entry = Metadata.TryGetValue(key, out GgufValue? value) ? value : throw Missing(key, expected);
        if (!entry.IsArray)
        {
            throw WrongType(key, entry, expected);
        }

        return count is { } length && length != entry.Count
            ? throw Fault(key, entry, "has the wrong length", $"{length} elements", $"{entry.Count}")
            : entry;
    }

    private ModelFormatException Missing(string key, string expected) =>
        new(Path, null, $"metadata key {DisplayText.Quote(key)} is missing", expected);

    private ModelFormatException WrongType(string key, GgufValue entry, string expected) =>
        Fault(key, entry, "has the wrong type", expected, entry.TypeName);

    private ModelFormatException Fault(string key, GgufValue entry, string fault, string expected, string got) =>
        new(Path, entry.Position, $"metadata key {DisplayText.Quote(key)} {fault}", expected, got);
}
