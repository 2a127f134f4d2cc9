using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>A value of a <c>tokenizer.json</c> with its place, read by type: what is of another type is an error that names the place.</summary>
internal readonly struct JsonField(JsonElement element, string place)
{
    /// <summary>Where the value is, as <c>normalizer.normalizers[2]</c>.</summary>
    public string Place => place;

    /// <summary>The component's kind.</summary>
    public string Type => Required("type").AsString();

    public bool IsObject => element.ValueKind == JsonValueKind.Object;

    public bool IsArray => element.ValueKind == JsonValueKind.Array;

    public bool IsString => element.ValueKind == JsonValueKind.String;

    /// <summary>A field; null counts as missing.</summary>
    public JsonField? Optional(string name) => element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? new JsonField(value, place.Length == 0 ? name : $"{place}.{name}")
            : null;

    public JsonField Required(string name) => Optional(name) ?? throw new TokenizerException(
        place.Length == 0 ? name : $"{place}.{name}", "a value", element.ValueKind == JsonValueKind.Object ? "none" : $"{element.ValueKind}");

    public string AsString()
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong("a string");
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a string without half a surrogate pair");
        }
    }

    public int AsInt(int min = 0, int max = int.MaxValue) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value >= min && value <= max
            ? value
            : throw Wrong($"a whole number from {min} to {max}");

    public float AsFloat() => element.ValueKind == JsonValueKind.Number && element.TryGetSingle(out var value) && float.IsFinite(value)
        ? value
        : throw Wrong("a finite number");

    public bool AsBool() => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("a bool"),
    };

    public bool Bool(string name, bool fallback) => Optional(name)?.AsBool() ?? fallback;

    public string String(string name, string fallback) => Optional(name)?.AsString() ?? fallback;

    /// <summary>The elements of a list.</summary>
    public List<JsonField> Items()
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("a list");
        }

        var items = new List<JsonField>(element.GetArrayLength());
        foreach (var item in element.EnumerateArray())
        {
            items.Add(new JsonField(item, $"{place}[{items.Count}]"));
        }

        return items;
    }

    /// <summary>The fields of an object.</summary>
    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong("an object");
        }

        var at = place;
        return element.EnumerateObject().Select(property => (property.Name, new JsonField(property.Value, at)));
    }

    /// <summary>An error about this value.</summary>
    public TokenizerException Wrong(string expected) => new(place, expected, element.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Undefined => $"{element.ValueKind}",
        _ => TokenizerException.Show(element.GetRawText()),
    });
}
