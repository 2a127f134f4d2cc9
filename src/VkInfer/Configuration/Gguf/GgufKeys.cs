using VkInfer.Formats;

namespace VkInfer.Configuration;

/// <summary>
/// Typed access to the keys <c>ARCHITECTURE.NAME</c> of a GGUF file. An array of equal values counts as the value, since some writers store
/// one per layer; any other value that is not what it should be is an error that names file, key, value and expectation.
/// </summary>
internal sealed class GgufKeys(GgufFile file, string architecture)
{
    /// <summary>The file.</summary>
    public GgufFile File => file;

    /// <summary>Value of <c>general.architecture</c>.</summary>
    public string Architecture => architecture;

    /// <summary>The whole key.</summary>
    public string Key(string name) => $"{architecture}.{name}";

    /// <summary>Whether the file has the key.</summary>
    public bool Has(string name) => file.Metadata.ContainsKey(Key(name));

    /// <summary>A required integer from 1 to <paramref name="max"/>.</summary>
    public int Count(string name, int max) => TryCount(name, max) ?? throw Missing(name, $"an integer from 1 to {max}");

    /// <summary>An optional integer from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public int? TryCount(string name, int max, int min = 1)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        string expected = $"an integer from {min} to {max}";
        return TryInteger(value) is not { } number ? throw Wrong(name, value, expected)
            : number >= min && number <= max ? (int)number
            : throw Wrong(name, value, expected);
    }

    /// <summary>A window of positions: 0, −1 (as any integer type writes it) and no key at all mean none, which is 0 here.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="fallback">The window where there is no key.</param>
    public int Window(string name, int fallback = 0)
    {
        const string Expected = "a number of positions, or 0 or -1 for none";
        if (Find(name) is not { } value)
        {
            return fallback;
        }

        long? number = TryInteger(value);
        return number switch
        {
            0 or -1 or uint.MaxValue => 0,
            > 0 => (int)Math.Min(number.Value, ModelLimits.MaxContextLength),
            _ => throw Wrong(name, value, Expected),
        };
    }

    /// <summary>A required number.</summary>
    public float Number(string name, NumberRange range) => TryNumber(name, range) ?? throw Missing(name, range.ToString());

    /// <summary>An optional number.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="range">What makes sense.</param>
    /// <param name="none">A value outside that counts as no key, or null.</param>
    public float? TryNumber(string name, NumberRange range, Func<double, bool>? none = null)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (!value.TryGetDouble(out double number))
        {
            number = TryInteger(value) ?? throw Wrong(name, value, range.ToString());
        }

        return none?.Invoke(number) == true ? null : range.Contains((float)number) ? (float)number
            : throw Wrong(name, value, range.ToString());
    }

    /// <summary>An optional string.</summary>
    public string? TryText(string name) => Find(name) is not { } value ? null
        : value.TryGetString(out string text) ? text
        : throw Wrong(name, value, "a string");

    /// <summary>An optional bool.</summary>
    public bool? TryFlag(string name) => Find(name) is not { } value ? null
        : value.TryGetBool(out bool flag) ? flag
        : throw Wrong(name, value, "a bool");

    /// <summary>
    /// The key's value where it is an array of one number or bool per layer; null where there is none, or it is something else.
    /// </summary>
    public IReadOnlyList<long>? TryPerLayer(string name, int layers)
    {
        if (!file.Metadata.TryGetValue(Key(name), out GgufValue? value) || !value.IsArray || value.Count != layers)
        {
            return null;
        }

        long[] numbers = new long[layers];
        for (int i = 0; i < layers; i++)
        {
            GgufValue element = value.GetElement(i);
            numbers[i] = element.TryGetBool(out bool flag) ? (flag ? 1 : 0)
                : TryInteger(element) ?? throw Wrong(name, value, "a number or bool for each layer");
        }

        return numbers;
    }

    /// <summary>The same of a key that must be there.</summary>
    public IReadOnlyList<long> PerLayer(string name, int layers) =>
        TryPerLayer(name, layers) ?? throw Missing(name, $"a number for each of {layers} layers");

    /// <summary>Refuses a number other than 0.</summary>
    /// <param name="name">The key's name.</param>
    /// <param name="why">What it would mean.</param>
    public void RefuseCount(string name, string why)
    {
        if (TryCount(name, int.MaxValue, min: 0) > 0)
        {
            throw Wrong(name, $"0: {why}");
        }
    }

    /// <summary>An error about a key that is there.</summary>
    public ModelFormatException Wrong(string name, string expected) => Wrong(name, file.Metadata[Key(name)], expected);

    /// <summary>An error about a key that is not there.</summary>
    public ModelFormatException Missing(string name, string expected) =>
        new(file.Path, null, $"metadata key '{Key(name)}' is missing", expected);

    private ModelFormatException Wrong(string name, GgufValue value, string expected)
    {
        GgufValue whole = file.Metadata[Key(name)];
        return new ModelFormatException(
            file.Path, whole.Position, $"metadata key '{Key(name)}' is wrong", expected,
                $"{whole.TypeName} {(value.IsArray ? whole : value)}");
    }

    private static long? TryInteger(GgufValue value) => value.TryGetInt64(out long number) ? number
        : value.Type == GgufValueType.UInt64 ? long.MaxValue
        : null;

    private GgufValue? Find(string name)
    {
        if (!file.Metadata.TryGetValue(Key(name), out GgufValue? value) || !value.IsArray
            || value.ElementType is GgufValueType.String or GgufValueType.Array || value.Count is 0 or > ModelLimits.MaxLayers)
        {
            return value;
        }

        GgufValue first = value.GetElement(0);
        string text = first.ToString();
        return Enumerable.Range(1, value.Count - 1).All(i => value.GetElement(i).ToString() == text)
            ? first
            : throw Wrong(name, value, "one value, the same for all layers");
    }
}
