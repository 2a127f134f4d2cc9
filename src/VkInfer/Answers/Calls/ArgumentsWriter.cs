using System.Text.Json;
using System.Text.Json.Nodes;

namespace VkInfer.Answers.Calls;

/// <summary>Makes a JSON object of arguments that a model writes as texts, each of the type that the tool's schema gives it.</summary>
internal sealed class ArgumentsWriter(IReadOnlyList<ToolDefinition> tools, string name, PieceWriter pieces)
{
    private readonly JsonElement? _properties = tools.FirstOrDefault(tool => tool.Name == name)?.Parameters is
    { ValueKind: JsonValueKind.Object } schema && schema.TryGetProperty("properties", out JsonElement properties)
        && properties.ValueKind == JsonValueKind.Object
        ? properties : null;

    private bool _hasBegun;

    /// <summary>Adds an argument.</summary>
    public void Add(string key, string text)
    {
        pieces.Arguments($"{(_hasBegun ? ", " : "{")}{Quoted(key)}: {Value(key, text)}");
        _hasBegun = true;
    }

    /// <summary>Ends the call.</summary>
    public void End(bool isWhole)
    {
        if (isWhole)
        {
            pieces.Arguments(_hasBegun ? "}" : "{}");
        }

        pieces.EndCall(isWhole);
    }

    /// <summary>A text as JSON.</summary>
    public static string Quoted(string text) => JsonValue.Create(text).ToJsonString(Relaxed);

    private static JsonSerializerOptions Relaxed { get; } =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private string Value(string key, string text)
    {
        JsonElement schema = default;
        bool isKnown = _properties is { } properties && properties.TryGetProperty(key, out schema);
        return (isKnown && IsText(schema)) || !IsJson(text) ? Quoted(text) : text.Trim();
    }

    /// <summary>Whether a text stands for itself; a type that is not given may be any, and what reads as JSON is then that.</summary>
    public static bool IsText(JsonElement schema) => schema.ValueKind == JsonValueKind.Object
        && (schema.TryGetProperty("type", out JsonElement type)
            ? type.ValueKind == JsonValueKind.String ? type.GetString() == "string"
                : type.ValueKind == JsonValueKind.Array && type.EnumerateArray().All(t => t.ValueKind == JsonValueKind.String
                    && t.GetString() is "string" or "null") && type.GetArrayLength() == 1
            : schema.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array
                && values.EnumerateArray().All(value => value.ValueKind == JsonValueKind.String));

    private static bool IsJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
