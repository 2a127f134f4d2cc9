using System.Collections.Frozen;

namespace VkInfer.Grammar;

/// <summary>The keywords that are understood, by what they speak of.</summary>
internal static class SchemaKeywords
{
    /// <summary>Keywords that say nothing about what is valid.</summary>
    public static readonly FrozenSet<string> Annotations = FrozenSet.ToFrozenSet(
    [
        "title", "description", "default", "examples", "$schema", "$id", "$comment", "$anchor", "deprecated", "readOnly", "writeOnly",
        "$defs", "definitions",
    ]);

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

    public static bool IsKnown(string keyword) =>
        Annotations.Contains(keyword) || Whole.Contains(keyword) || keyword is "type" or "enum" or "const"
        || OfType.Values.Any(keywords => keywords.Contains(keyword));
}
