using System.Collections.Frozen;
using System.Text.Json;

namespace VkInfer.Grammar;

/// <summary>The keywords that say what is valid. Any other is an annotation (JSON Schema 2020-12, Core, section 6.5).</summary>
internal static class SchemaKeywords
{
    /// <summary>The types there are, with the keywords that constrain their values.</summary>
    public static readonly FrozenDictionary<string, string[]> OfType = new Dictionary<string, string[]>
    {
        ["object"] = ["properties", "required", "additionalProperties"],
        ["array"] = ["items", "prefixItems", "minItems", "maxItems"],
        ["string"] = ["minLength", "maxLength", "format"],
        ["number"] = [],
        ["integer"] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
        ["boolean"] = [],
        ["null"] = [],
    }.ToFrozenDictionary();

    /// <summary>Keywords that say everything there is to say; beside them stand only annotations.</summary>
    public static readonly FrozenSet<string> Whole = FrozenSet.ToFrozenSet(["$ref", "anyOf", "oneOf", "allOf"]);

    /// <summary>Keywords that say what is valid and are not supported.</summary>
    public static readonly FrozenSet<string> Unsupported = FrozenSet.ToFrozenSet(
    [
        "$dynamicRef", "$recursiveRef", "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "dependencies", "contains",
        "minContains", "maxContains", "uniqueItems", "unevaluatedItems", "patternProperties", "propertyNames", "minProperties",
        "maxProperties", "unevaluatedProperties", "pattern", "multipleOf", "divisibleBy", "disallow", "extends",
    ]);

    private static readonly FrozenSet<string> Understood =
        FrozenSet.ToFrozenSet([.. Whole, .. Unsupported, "type", "enum", "const", .. OfType.Values.SelectMany(keywords => keywords)]);

    /// <summary>Whether a keyword, with its value, says nothing about what is valid.</summary>
    public static bool IsAnnotation(string keyword, JsonElement value) => keyword switch
    {
        "format" => value.ValueKind == JsonValueKind.String && StringFormats.Find(value.GetString()!) is null,
        "uniqueItems" => value.ValueKind == JsonValueKind.False,
        "minProperties" => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal count) && count == 0,
        _ => !Understood.Contains(keyword),
    };
}
