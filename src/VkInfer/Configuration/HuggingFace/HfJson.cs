using System.Text.Json;
using VkInfer.Formats;

namespace VkInfer.Configuration;

/// <summary>
/// Typed access to a JSON object of a Hugging Face folder. Null counts as missing, as it does for Hugging Face; a value of the wrong type or
/// range is an error that names file and key.
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
    public static HfJson? TryRead(string path)
    {
        if (RegularFile.TryFindLength(path) is not { } length)
        {
            return null;
        }

        return length <= MaxBytes
            ? Parse(path, RegularFile.ReadAllBytes(path, MaxBytes))
            : throw new UnsupportedModelException($"{path}: {length} bytes; expected at most {MaxBytes}.");
    }

    /// <summary>Reads the contents of a file.</summary>
    /// <exception cref="UnsupportedModelException">It is no JSON object.</exception>
    public static HfJson Parse(string path, ReadOnlyMemory<byte> contents)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(contents, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new HfJson(document.RootElement.Clone(), path, "")
                : throw new UnsupportedModelException($"{path}: {document.RootElement.ValueKind}; expected a JSON object.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new UnsupportedModelException($"{path}: not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A required integer within [1, max].</summary>
    public int Int(string key, int max) => TryInt(key, max) ?? throw Wrong(key, $"an integer from 1 to {max}", "nothing");

    /// <summary>An optional integer within [1, max].</summary>
    public int? TryInt(string key, int max)
    {
        if (Find(key) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= max
            ? number
            : throw Wrong(key, $"an integer from 1 to {max}", value);
    }

    /// <summary>A required number above 0 that a binary32 can hold.</summary>
    public float Positive(string key) => TryPositive(key) ?? throw Wrong(key, "a positive number", "nothing");

    /// <summary>An optional number above 0 that a binary32 can hold.</summary>
    public float? TryPositive(string key) => Find(key) is not { } value ? null : Positive(key, value);

    /// <summary>A list of such numbers.</summary>
    public IReadOnlyList<float> Positives(string key) => Find(key) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select((value, i) => Positive($"{key}[{i}]", value))]
        : throw Wrong(key, "a list of positive numbers", "none");

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
    public string? TryToken(string key) => Find(key) is { ValueKind: JsonValueKind.Object } ? TryObject(key)!.TryString("content") : TryString(key);

    /// <summary>An optional token id, or list of them.</summary>
    public IReadOnlyList<int> Ids(string key)
    {
        if (Find(key) is not { } value)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Id)] : [Id(value)];

        int Id(JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Wrong(key, "a token id or a list of them", element);
    }

    /// <summary>An optional object.</summary>
    public HfJson? TryObject(string key) => Find(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new HfJson(value, Path, $"{_prefix}{key}.")
        : throw Wrong(key, "an object", value);

    /// <summary>The objects of an optional list.</summary>
    public IEnumerable<HfJson> Objects(string key) => Find(key) is not { ValueKind: JsonValueKind.Array } list ? []
        : list.EnumerateArray().Select((value, i) => value.ValueKind == JsonValueKind.Object
            ? new HfJson(value, Path, $"{_prefix}{key}[{i}].")
            : throw Wrong($"{key}[{i}]", "an object", value));

    /// <summary>The strings of an optional list.</summary>
    public IReadOnlyList<string> Strings(string key) => Find(key) is not { } list ? []
        : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select((value, i) => Text($"{key}[{i}]", value))]
        : throw Wrong(key, "a list of strings", list);

    /// <summary>All keys with their values, which must be objects.</summary>
    public IEnumerable<(string Key, HfJson Value)> NamedObjects() =>
        _object.EnumerateObject().Select(property => (property.Name, TryObject(property.Name) ?? throw Wrong(property.Name, "an object", "null")));

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
    public UnsupportedModelException Wrong(string key, string expected, object got) => new($"{Path}: {_prefix}{key} is {got}; expected {expected}.");

    private float Positive(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number) && number > 0
            ? number
            : throw Wrong(key, "a positive number", value);

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

    private JsonElement? Find(string key) =>
        _object.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
