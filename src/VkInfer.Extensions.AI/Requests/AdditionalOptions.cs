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
    private const string Speculates = "speculates";
    private const string Priority = "priority";
    private const string Deadline = "deadline";
    private const string OverflowName = "context_overflow";

    /// <summary>The options with what the properties say of them.</summary>
    public static GenerationOptions Apply(AdditionalPropertiesDictionary properties, GenerationOptions options)
    {
        foreach ((string name, object? value) in properties)
        {
            options = name switch
            {
                MinP => options with { Sampling = options.Sampling with { MinP = Number(name, value) } },
                TypicalP => options with { Sampling = options.Sampling with { TypicalP = Number(name, value) } },
                RepetitionPenalty => options with { Sampling = options.Sampling with { RepetitionPenalty = Number(name, value) } },
                Speculates => options with { Speculates = Flag(name, value) },
                Priority => options with { Priority = Integer(name, value) },
                Deadline => options with { Deadline = Duration(name, value) },
                OverflowName => options with { Overflow = Overflow(name, value) },
                TemplateVariables => options,
                _ => throw new NotSupportedException(
                    $"ChatOptions.AdditionalProperties has {name}; known are {MinP}, {TypicalP}, {RepetitionPenalty}, {Speculates}, "
                    + $"{Priority}, {Deadline}, {OverflowName} and {TemplateVariables}."),
            };
        }

        return options;
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

    private static bool Flag(string name, object? value) => value switch
    {
        bool flag => flag,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } flag => flag.GetBoolean(),
        _ => throw Bad(name, value, "a bool"),
    };

    private static int Integer(string name, object? value) => value switch
    {
        int number => number,
        JsonElement { ValueKind: JsonValueKind.Number } json when json.TryGetInt32(out int number) => number,
        _ => throw Bad(name, value, "an integer"),
    };

    private static TimeSpan Duration(string name, object? value) => value switch
    {
        TimeSpan duration => duration,
        JsonElement { ValueKind: JsonValueKind.String } json
            when TimeSpan.TryParse(json.GetString(), CultureInfo.InvariantCulture, out TimeSpan duration) => duration,
        _ => throw Bad(name, value, "a TimeSpan"),
    };

    private static ContextOverflow Overflow(string name, object? value) => value switch
    {
        ContextOverflow overflow => overflow,
        string text when Enum.TryParse(text, out ContextOverflow overflow) && Enum.IsDefined(overflow) => overflow,
        JsonElement { ValueKind: JsonValueKind.String } json => Overflow(name, json.GetString()),
        _ => throw Bad(name, value, $"a {nameof(ContextOverflow)}"),
    };

    private static ArgumentException Bad(string name, object? value, string expected) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"ChatOptions.AdditionalProperties[{name}] must be {expected}; got {value?.GetType().Name ?? "null"}."));
}
