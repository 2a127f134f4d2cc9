using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>
/// What <c>ChatOptions.AdditionalProperties</c> may hold, under the names that servers of open models use. Another name is refused: it
/// would be a misspelling, or meant for another provider.
/// </summary>
internal static class AdditionalOptions
{
    /// <summary>A JSON object whose members the model's template sees as variables, as <c>enable_thinking</c>.</summary>
    public const string TemplateVariables = "chat_template_kwargs";

    private const string MinP = "min_p";
    private const string TypicalP = "typical_p";
    private const string RepetitionPenalty = "repetition_penalty";

    /// <summary>The sampling with what the properties say of it.</summary>
    public static SamplingOptions Apply(AdditionalPropertiesDictionary properties, SamplingOptions sampling)
    {
        foreach ((string name, object? value) in properties)
        {
            sampling = name switch
            {
                MinP => sampling with { MinP = Number(name, value) },
                TypicalP => sampling with { TypicalP = Number(name, value) },
                RepetitionPenalty => sampling with { RepetitionPenalty = Number(name, value) },
                TemplateVariables => sampling,
                _ => throw new NotSupportedException(
                    $"ChatOptions.AdditionalProperties has {name}; known are {MinP}, {TypicalP}, {RepetitionPenalty} and {TemplateVariables}."),
            };
        }

        return sampling;
    }

    /// <summary>What the template sees beside the conversation; null where nothing is given.</summary>
    public static JsonElement? ReadTemplateVariables(AdditionalPropertiesDictionary properties)
    {
        if (!properties.TryGetValue(TemplateVariables, out object? value) || value is null)
        {
            return null;
        }

        JsonElement json = value switch
        {
            JsonElement element => element,
            JsonObject node => Parse(node.ToJsonString()),
            _ => throw Bad(TemplateVariables, value, "a JsonElement or a JsonObject"),
        };
        return json.ValueKind == JsonValueKind.Object ? json : throw Bad(TemplateVariables, json.ValueKind, "a JSON object");
    }

    private static JsonElement Parse(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static float Number(string name, object? value) => value switch
    {
        float number => number,
        double number => (float)number,
        int number => number,
        decimal number => (float)number,
        JsonElement { ValueKind: JsonValueKind.Number } number => number.GetSingle(),
        _ => throw Bad(name, value, "a number"),
    };

    private static ArgumentException Bad(string name, object? value, string expected) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"ChatOptions.AdditionalProperties[{name}] must be {expected}; got {value?.GetType().Name ?? "null"}."));
}
