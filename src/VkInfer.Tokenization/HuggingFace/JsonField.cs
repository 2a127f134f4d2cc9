using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>
/// A value of a <c>tokenizer.json</c> with its place, read by type: what is of another type is an error that names the place.
/// </summary>
internal readonly struct JsonField
{
    private readonly JsonElement _element;
    private readonly string _parent;
    private readonly int _index;

    /// <summary>The whole file.</summary>
    public JsonField(JsonElement root)
        : this(root, "", -1)
    {
    }

    private JsonField(JsonElement element, string parent, int index)
    {
        _element = element;
        _parent = parent;
        _index = index;
    }

    /// <summary>Where the value is, as <c>normalizer.normalizers[2]</c>.</summary>
    public string Place => _parent is null ? "" : _index < 0 ? _parent : $"{_parent}[{_index}]";

    /// <summary>The component's kind.</summary>
    public string Type => Required("type").AsString();

    public bool IsArray => _element.ValueKind == JsonValueKind.Array;

    public bool IsString => _element.ValueKind == JsonValueKind.String;

    /// <summary>A field; null counts as missing.</summary>
    public JsonField? Optional(string name) => _element.ValueKind == JsonValueKind.Object
        && _element.TryGetProperty(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? new JsonField(value, Below(name), -1)
            : null;

    public JsonField Required(string name) => Optional(name) ?? throw new TokenizerException(
        Below(name), "a value", _element.ValueKind == JsonValueKind.Object ? "none" : $"{_element.ValueKind}");

    public string AsString()
    {
        try
        {
            return _element.ValueKind == JsonValueKind.String ? _element.GetString()! : throw Wrong("a string");
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a string without half a surrogate pair");
        }
    }

    public int AsInt(int min = 0, int max = int.MaxValue) =>
        _element.ValueKind == JsonValueKind.Number && _element.TryGetInt32(out int value) && value >= min && value <= max
            ? value
            : throw Wrong($"a whole number from {min} to {max}");

    public float AsFloat() => (float)AsDouble() is var value && float.IsFinite(value) ? value : throw Wrong("a finite number");

    public double AsDouble() =>
        _element.ValueKind == JsonValueKind.Number && _element.TryGetDouble(out double value) && double.IsFinite(value)
        ? value
        : throw Wrong("a finite number");

    public bool AsBool() => _element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("a bool"),
    };

    public bool Bool(string name, bool fallback) => Optional(name)?.AsBool() ?? fallback;

    public string String(string name, string fallback) => Optional(name)?.AsString() ?? fallback;

    /// <summary>How many elements a list has.</summary>
    public int Count => _element.ValueKind == JsonValueKind.Array ? _element.GetArrayLength() : throw Wrong("a list");

    /// <summary>The elements of a list.</summary>
    public IEnumerable<JsonField> Items()
    {
        _ = Count;
        return Iterate(_element.EnumerateArray(), Place);

        static IEnumerable<JsonField> Iterate(JsonElement.ArrayEnumerator items, string place)
        {
            int index = 0;
            foreach (JsonElement item in items)
            {
                yield return new JsonField(item, place, index++);
            }
        }
    }

    /// <summary>The two elements of a list of two; null where it is another.</summary>
    public (JsonField First, JsonField Second)? AsPair() => Count == 2
        ? (new JsonField(_element[0], Place, 0), new JsonField(_element[1], Place, 1))
        : null;

    /// <summary>The fields of an object.</summary>
    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (_element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        string place = Place;
        return _element.EnumerateObject().Select(property => (property.Name, new JsonField(property.Value, place, -1)));
    }

    /// <summary>How many objects are within the value, itself among them; counting stops above a limit.</summary>
    public int CountObjects(int limit) => CountObjects(_element, limit);

    /// <summary>An error about this value.</summary>
    public TokenizerException Wrong(string expected) => new(Place, expected, _element.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Undefined => $"{_element.ValueKind}",
        _ => TokenizerException.Show(_element.GetRawText()),
    });

    private static int CountObjects(JsonElement element, int limit)
    {
        int count = element.ValueKind == JsonValueKind.Object ? 1 : 0;
        if (count > 0)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                count += count > limit ? 0 : CountObjects(property.Value, limit - count);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                count += count > limit ? 0 : CountObjects(item, limit - count);
            }
        }

        return count;
    }

    private string Below(string name) => Place is { Length: > 0 } place ? $"{place}.{name}" : name;
}
