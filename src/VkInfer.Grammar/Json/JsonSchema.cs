using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>
/// JSON schemas as grammars. Every text that matches is JSON and valid under the schema; not every valid text matches: properties come
/// in the schema's order, white space is short, numbers have at most 15 digits. Properties that the schema does not name appear only
/// where <c>additionalProperties</c> is given, or no <c>properties</c> are.
/// </summary>
/// <remarks>
/// Supported: <c>type, properties, required, additionalProperties, items, prefixItems, minItems, maxItems, enum, const, anyOf, oneOf</c>
/// (as alternatives), <c>allOf</c> of one, <c>$ref</c> within the schema, <c>$defs, minLength, maxLength, format</c> (date, time,
/// date-time, uuid), and for integers <c>minimum, maximum, exclusiveMinimum, exclusiveMaximum</c>. Any other keyword that says what is
/// valid is refused.
/// </remarks>
public static class JsonSchema
{
    /// <summary>Any JSON value.</summary>
    public static CompiledGrammar AnyValue { get; } = Compile("true");

    /// <summary>Reads a schema.</summary>
    /// <param name="json">The schema as JSON; may come from a stranger: its cost is bounded.</param>
    /// <exception cref="GrammarException">It is no JSON, no schema, not supported or too large; the message has the place.</exception>
    public static CompiledGrammar Compile(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (json.Length > Limits.TextLength)
        {
            throw new GrammarException("", $"the schema has {json.Length} characters; at most {Limits.TextLength} are read");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Limits.Nesting });
            return Compile(document.RootElement);
        }
        catch (JsonException problem)
        {
            throw new GrammarException($"line {problem.LineNumber + 1}", "the schema is no JSON", problem);
        }
        catch (ArgumentException problem)
        {
            throw new GrammarException("", "the schema has a lone surrogate", problem);
        }
    }

    /// <inheritdoc cref="Compile(string)"/>
    /// <param name="schema">The schema.</param>
    public static CompiledGrammar Compile(JsonElement schema)
    {
        try
        {
            return new CompiledGrammar(AutomatonBuilder.Build(new SchemaReader(schema).Read(), Limits.SchemaDepth));
        }
        catch (InvalidOperationException problem)
        {
            // A string with a lone surrogate, which is found only when it is read.
            throw new GrammarException("", "a string of the schema is no Unicode text", problem);
        }
    }
}
