using System.Collections.Frozen;
using System.Text.Json;
using VkInfer.Grammar.Facts;

namespace VkInfer.Grammar;

/// <summary>The keywords that say what is valid. Any other is an annotation (JSON Schema 2020-12, Core, section 6.5).</summary>
internal static class SchemaKeywords
{
    /// <summary>The types there are.</summary>
    public static readonly FrozenDictionary<string, JsonTypes> Types = new Dictionary<string, JsonTypes>
    {
        ["array"] = JsonTypes.Array,
        ["boolean"] = JsonTypes.Boolean,
        ["integer"] = JsonTypes.Integer,
        ["null"] = JsonTypes.Null,
        ["number"] = JsonTypes.Number,
        ["object"] = JsonTypes.Object,
        ["string"] = JsonTypes.String,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, JsonTypes> OfType = new Dictionary<string, JsonTypes>
    {
        ["properties"] = JsonTypes.Object,
        ["required"] = JsonTypes.Object,
        ["additionalProperties"] = JsonTypes.Object,
        ["patternProperties"] = JsonTypes.Object,
        ["propertyNames"] = JsonTypes.Object,
        ["minProperties"] = JsonTypes.Object,
        ["maxProperties"] = JsonTypes.Object,
        ["dependentRequired"] = JsonTypes.Object,
        ["dependentSchemas"] = JsonTypes.Object,
        ["items"] = JsonTypes.Array,
        ["prefixItems"] = JsonTypes.Array,
        ["minItems"] = JsonTypes.Array,
        ["maxItems"] = JsonTypes.Array,
        ["uniqueItems"] = JsonTypes.Array,
        ["minLength"] = JsonTypes.String,
        ["maxLength"] = JsonTypes.String,
        ["pattern"] = JsonTypes.String,
        ["format"] = JsonTypes.String,
        ["minimum"] = JsonTypes.Number,
        ["maximum"] = JsonTypes.Number,
        ["exclusiveMinimum"] = JsonTypes.Number,
        ["exclusiveMaximum"] = JsonTypes.Number,
        ["multipleOf"] = JsonTypes.Number,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> OfAnyType =
        FrozenSet.ToFrozenSet(["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"]);

    /// <summary>Keywords that say what is valid and are not supported.</summary>
    private static readonly FrozenSet<string> NotSupported = FrozenSet.ToFrozenSet(
    [
        "$dynamicRef", "$recursiveRef", "dependencies", "contains", "minContains", "maxContains", "unevaluatedItems", "additionalItems",
        "unevaluatedProperties", "divisibleBy", "disallow", "extends",
    ]);

    /// <summary>The type that a keyword speaks of; none where it speaks of all.</summary>
    public static JsonTypes SpeaksOf(string keyword) => OfType.GetValueOrDefault(keyword);

    /// <summary>Whether a keyword says what is valid and is not supported.</summary>
    public static bool IsUnsupported(string keyword) => NotSupported.Contains(keyword);

    /// <summary>Whether a keyword, with its value, says nothing about what is valid.</summary>
    public static bool IsAnnotation(string keyword, JsonElement value) => keyword switch
    {
        "format" => value.ValueKind == JsonValueKind.String && StringFormats.Find(value.GetString()!) is null,
        "uniqueItems" => value.ValueKind == JsonValueKind.False,
        "unevaluatedProperties" or "unevaluatedItems" => value.ValueKind == JsonValueKind.True,
        _ => !OfType.ContainsKey(keyword) && !OfAnyType.Contains(keyword) && !NotSupported.Contains(keyword),
    };
}
