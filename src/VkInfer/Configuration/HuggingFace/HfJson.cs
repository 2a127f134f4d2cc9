using System.Globalization;
using System.Text.Json;
using VkInfer.Formats;

namespace VkInfer.Configuration;

/// <summary>
/// Typed access to a JSON object of a Hugging Face folder. Null counts as missing where a method does not say
/// otherwise; a value of the wrong type or range is an error that names file, key, value and expectation.
/// </summary>
internal sealed class HfJson
{
    /// <summary>Longest file that is read; honest ones have some kilobytes, and a megabyte with thousands of added tokens.</summary>
    private const long MaxBytes = 16 << 20;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private readonly JsonElement _object;
    private readonly string _prefix;

    private HfJson(JsonElement element, string path, string prefix)
    {
        _object = element;
        Path = path;
        _prefix = prefix;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="UnsupportedModelException">It is missing, too long, or no JSON object.</exception>
    public static HfJson Read(string path) =>
        TryRead(path) ?? throw new UnsupportedModelException($"{path}: no such file, which a Hugging Face folder must have.");

    /// <summary>Reads a file; null where there is none.</summary>
    /// <exception cref="UnsupportedModelException">It is too long, or no JSON object.</exception>
    public static HfJson? TryRead(string path) => TryReadBytes(path) is { } bytes ? Parse(path, bytes) : null;

    /// <summary>Reads a file that is a list of objects; null where there is none.</summary>
    /// <exception cref="UnsupportedModelException">It is too long, or something else.</exception>
    public static IReadOnlyList<HfJson>? TryReadList(string path) => TryReadBytes(path) is not { } bytes ? null
        : [.. Root(path, bytes, JsonValueKind.Array).EnumerateArray().Select((value, i) => value.ValueKind == JsonValueKind.Object
            ? new HfJson(value, path, $"[{i}].")
            : throw new UnsupportedModelException($"{path}: [{i}] is {value.ValueKind}; expected an object."))];

    /// <summary>An object without keys, in place of one that is absent.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="prefix">Where in the file it would be, with a dot at the end.</param>
    public static HfJson Empty(string path, string prefix)
    {
        using JsonDocument document = JsonDocument.Parse("{}");
        return new HfJson(document.RootElement.Clone(), path, prefix);
    }

    /// <summary>Reads the contents of a file.</summary>
    /// <exception cref="UnsupportedModelException">It is no JSON object.</exception>
    public static HfJson Parse(string path, ReadOnlyMemory<byte> contents) => new(Root(path, contents, JsonValueKind.Object), path, "");

    private static byte[]? TryReadBytes(string path) => RegularFile.TryFindLength(path) is not { } length ? null
        : length <= MaxBytes ? RegularFile.ReadAllBytes(path, MaxBytes)
        : throw new UnsupportedModelException($"{path}: {length} bytes; expected at most {MaxBytes}.");

    private static JsonElement Root(string path, ReadOnlyMemory<byte> contents, JsonValueKind kind)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(PythonNumbers.ToJson(contents), Options);
            return document.RootElement.ValueKind == kind
                ? document.RootElement.Clone()
                : throw new UnsupportedModelException(
                    $"{path}: {document.RootElement.ValueKind}; expected a JSON {kind.ToString().ToLowerInvariant()}.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new UnsupportedModelException($"{path}: not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Whether a key is there and not null.</summary>
    public bool IsSet(string key) => Find(key) is not null;

    /// <summary>An optional list of two bounds within a range; infinity, as Python or transformers writes it, is the range's end.</summary>
    public (float Least, float Most)? TryBounds(string key, NumberRange range)
    {
        float Bound(JsonElement value) => PythonNumbers.IsInfinite(value) ? range.Max : Number(key, value, range);
        return Find(key) is not { } list ? null
            : list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 2 && Bound(list[0]) is var least
            && Bound(list[1]) is var most && least <= most ? (least, most) : throw Wrong(key, "two numbers, the greater one last", list);
    }

    /// <summary>Whether it has no keys.</summary>
    public bool IsEmpty => !_object.EnumerateObject().Any();

    /// <summary>Whether the key is there, be its value null.</summary>
    public bool Has(string key) => _object.TryGetProperty(key, out _);

    /// <summary>The key with those of the objects around it.</summary>
    public string Where(string key) => _prefix + key;

    /// <summary>A required integer within [1, max].</summary>
    public int Int(string key, int max) => TryInt(key, max) ?? throw Wrong(key, $"an integer from 1 to {max}", "nothing");

    /// <summary>An optional integer within [min, max].</summary>
    public int? TryInt(string key, int max, int min = 1)
    {
        string expected = $"an integer from {min} to {max}";
        return FindScalar(key, expected) is not { } value ? null
            : TryInteger(value) is { } number && number >= min && number <= max ? (int)number
            : throw Wrong(key, expected, value);
    }

    /// <summary>A window of positions; null, 0 and -1 mean none, which is 0 here.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The window where there is no key.</param>
    public int Window(string key, int fallback)
    {
        const string Expected = "a number of positions, or null, 0 or -1 for none";
        if (FindScalar(key, Expected) is not { } value)
        {
            return Has(key) ? 0 : fallback;
        }

        return TryInteger(value) switch
        {
            0 or -1 => 0,
            > 0 and var window => (int)Math.Min(window, ModelLimits.MaxContextLength),
            _ => throw Wrong(key, Expected, value),
        };
    }

    /// <summary>A required number.</summary>
    public float Number(string key, NumberRange range) => TryNumber(key, range) ?? throw Wrong(key, range.ToString(), "nothing");

    /// <summary>An optional number.</summary>
    public float? TryNumber(string key, NumberRange range) =>
        FindScalar(key, range.ToString()) is not { } value ? null : Number(key, value, range);

    /// <summary>A list of numbers.</summary>
    public IReadOnlyList<float> Numbers(string key, NumberRange range) => Find(key) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select((value, i) => Number($"{key}[{i}]", value, range))]
        : throw Wrong(key, "a list of numbers", Find(key) is { } other ? other : "nothing");

    /// <summary>Whether the value is the number 0.</summary>
    public bool IsZero(string key) => Find(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number)
        && number == 0;

    /// <summary>An optional bool.</summary>
    public bool? TryBool(string key) => Find(key) is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "a bool", value),
    };

    /// <summary>A required string.</summary>
    public string String(string key) => TryString(key) ?? throw Wrong(key, "a string", "nothing");

    /// <summary>An optional string.</summary>
    public string? TryString(string key) => Find(key) is not { } value ? null : Text(key, value);

    /// <summary>An optional string, or the field <c>content</c> of an object, as tokens are written.</summary>
    public string? TryToken(string key) => Find(key) is { ValueKind: JsonValueKind.Object } ? TryObject(key)!.TryString("content")
        : TryString(key);

    /// <summary>An optional token id, or list of them; null and negative ones, which mean none, are left out.</summary>
    public IReadOnlyList<int> Ids(string key)
    {
        if (Find(key) is not { } value)
        {
            return [];
        }

        JsonElement[] elements = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return [.. elements.Where(element => element.ValueKind != JsonValueKind.Null).Select(Id).Where(id => id >= 0)];

        int Id(JsonElement element) => TryInteger(element) is { } id
            ? (int)Math.Clamp(id, -1, int.MaxValue)
            : throw Wrong(key, "a token id or a list of them", value);
    }

    /// <summary>An optional list of integers from 1 to a number; empty where there is none.</summary>
    public IReadOnlyList<int> Counts(string key, int max)
    {
        string expected = $"a list of integers from 1 to {max}";
        return Find(key) is not { ValueKind: not JsonValueKind.Null } list ? []
            : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(Count)]
            : throw Wrong(key, expected, list);

        int Count(JsonElement value) => TryInteger(value) is { } number && number >= 1 && number <= max ? (int)number
            : throw Wrong(key, expected, list);
    }

    /// <summary>An optional object.</summary>
    public HfJson? TryObject(string key) => Find(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new HfJson(value, Path, $"{_prefix}{key}.")
        : throw Wrong(key, "an object", value);

    /// <summary>An optional object that is told from a number of the same name: null where the value is something else.</summary>
    public HfJson? TryNested(string key) => Find(key) is { ValueKind: JsonValueKind.Object } ? TryObject(key) : null;

    /// <summary>The objects of an optional list.</summary>
    public IEnumerable<HfJson> Objects(string key) => Find(key) is not { ValueKind: JsonValueKind.Array } list ? []
        : list.EnumerateArray().Select((value, i) => value.ValueKind == JsonValueKind.Object
            ? new HfJson(value, Path, $"{_prefix}{key}[{i}].")
            : throw Wrong($"{key}[{i}]", "an object", value));

    /// <summary>The strings of an optional list.</summary>
    public IReadOnlyList<string> Strings(string key) => Find(key) is not { } list ? []
        : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select((value, i) => Text($"{key}[{i}]", value))]
        : throw Wrong(key, "a list of strings", list);

    /// <summary>An optional list of as many numbers 0 or 1, or bools; empty where there is none.</summary>
    public IReadOnlyList<int> Flags(string key, int count)
    {
        string expected = $"a list of {count} times 0 or 1, one for each of num_hidden_layers";
        if (Find(key) is not { } list)
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == count
            ? [.. list.EnumerateArray().Select(Flag)]
            : throw Wrong(key, expected, list);

        int Flag(JsonElement value) => value.ValueKind is JsonValueKind.True ? 1
            : value.ValueKind is JsonValueKind.False ? 0
            : TryInteger(value) is { } number and (0 or 1) ? (int)number
            : throw Wrong(key, expected, value);
    }

    /// <summary>All keys with their values, which must be objects.</summary>
    public IEnumerable<(string Key, HfJson Value)> NamedObjects() =>
        _object.EnumerateObject().Select(property => (property.Name, TryObject(property.Name)
            ?? throw Wrong(property.Name, "an object", "null")));

    /// <summary>Whether the key is there and a string.</summary>
    public bool IsString(string key) => Find(key) is { ValueKind: JsonValueKind.String };

    /// <summary>All keys with their values as text, long ones shortened.</summary>
    public IEnumerable<KeyValuePair<string, string>> Describe()
    {
        const int Most = 200;
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            string text = property.Value.GetRawText();
            yield return KeyValuePair.Create(property.Name, text.Length > Most ? text[..Most] + "…" : text);
        }
    }

    /// <summary>An error about a key.</summary>
    public UnsupportedModelException Wrong(string key, string expected, object got)
    {
        const int Most = 120;
        string text = got is JsonElement element ? element.GetRawText() : string.Create(CultureInfo.InvariantCulture, $"{got}");
        text = text.Length > Most ? text[..Most] + "…" : text;
        return new UnsupportedModelException($"{Path}: {_prefix}{key} is {text}; expected {expected}.");
    }

    private float Number(string key, JsonElement value, NumberRange range) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && range.Contains((float)number)
            ? (float)number
            : throw Wrong(key, range.ToString(), value);

    // Python writes 32.0 for an integer that was computed.
    private static long? TryInteger(JsonElement value) => value.ValueKind != JsonValueKind.Number ? null
        : value.TryGetInt64(out long number) ? number
        : value.TryGetDouble(out double real) && real == Math.Floor(real) && Math.Abs(real) <= 1L << 53 ? (long)real
        : null;

    private string Text(string key, JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, "a string", value);
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair in an escape.
            throw new UnsupportedModelException($"{Path}: {_prefix}{key} is not valid text: {exception.Message}", exception);
        }
    }

    // A list of equal values counts as the value: some configurations have one per layer.
    private JsonElement? FindScalar(string key, string expected)
    {
        if (Find(key) is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
        {
            return Find(key);
        }

        string first = list[0].GetRawText();
        return list.EnumerateArray().All(element => element.GetRawText() == first)
            ? list[0]
            : throw Wrong(key, $"{expected}, the same for all layers", list);
    }

    private JsonElement? Find(string key) =>
        _object.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
