using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>
/// JSON schemas as grammars. Every text that matches is JSON and valid under the schema; not every valid text matches: properties come
/// in the schema's order, white space is short, numbers have at most 15 digits. Properties that the schema does not name appear only
/// where <c>additionalProperties</c> is given, or no <c>properties</c> are.
/// </summary>
/// <remarks>
/// <para>Supported, beside <c>type</c>, <c>enum</c>, <c>const</c>, <c>$ref</c> within the schema and <c>$defs</c>:
/// <c>anyOf, oneOf, allOf, not, if, then, else</c> in any combination;
/// for objects <c>properties, required, additionalProperties, patternProperties, propertyNames, minProperties, maxProperties,
/// dependentRequired, dependentSchemas</c>; for arrays <c>items, prefixItems, minItems, maxItems, uniqueItems</c> (of few values);
/// for strings <c>minLength, maxLength, pattern</c>, and <c>format</c> (date, time, date-time, duration, uuid, email, hostname, ipv4,
/// ipv6, uri, uri-reference, json-pointer, and idn- and iri- forms, in their common forms); for numbers <c>minimum, maximum,
/// exclusiveMinimum, exclusiveMaximum, multipleOf</c>. Any other keyword that says what is valid is refused.</para>
/// <para><c>oneOf</c> whose schemas cannot be told apart, <c>not</c> and <c>if</c> say what must not hold: that is supported for
/// <c>type, enum, const, required, properties, prefixItems</c>, bounds, lengths and counts, <c>pattern, multipleOf</c>, and combinations of
/// these. A <c>pattern</c> has no references to groups, word boundaries, or lookarounds but lookaheads at its beginning.</para>
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
            var rules = new RuleSet();
            new SchemaReader(schema, rules).Read();
            return new CompiledGrammar(AutomatonBuilder.Build(rules, Limits.SchemaDepth));
        }
        catch (InvalidOperationException problem)
        {
            // A string with a lone surrogate, which is found only when it is read.
            throw new GrammarException("", "a string of the schema is no Unicode text", problem);
        }
    }
}
