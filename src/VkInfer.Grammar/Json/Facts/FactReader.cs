using System.Text.Json;
using VkInfer.Grammar.Regular;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar.Facts;

/// <summary>What single keywords say, and what is left where they do not hold.</summary>
internal static class FactReader
{
    /// <summary>The facts of all keywords of a schema that have no alternatives; null where they leave no value.</summary>
    public static ValueFacts? Read(JsonElement schema, string at)
    {
        ValueFacts? facts = ValueFacts.None;
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (facts is null || SchemaKeywords.IsAnnotation(keyword.Name, keyword.Value))
            {
                continue;
            }

            if (SchemaKeywords.IsUnsupported(keyword.Name))
            {
                throw Fault(at, $"keyword '{Short(keyword.Name)}' is not supported");
            }

            if (Scalar(keyword.Name, keyword.Value, at) is { } fact)
            {
                facts = ValueFacts.Both(facts, fact with { Spoken = SchemaKeywords.SpeaksOf(keyword.Name) });
            }
        }

        CheckOrder(schema, "minLength", "maxLength", at);
        CheckOrder(schema, "minItems", "maxItems", at);
        CheckOrder(schema, "minProperties", "maxProperties", at);
        if (facts is not null && ItemsOf(schema, at) is { } array)
        {
            facts = ValueFacts.Both(facts, new ValueFacts { Arrays = [array], Spoken = JsonTypes.Array });
        }

        return facts is not null && PropertiesOf(schema, at) is { } shape
            ? ValueFacts.Both(facts, new ValueFacts { Objects = [shape], Spoken = JsonTypes.Object })
            : facts;
    }

    /// <summary>
    /// The ways in which a keyword does not hold, for those of <see cref="Scalar"/>, <c>properties</c> and <c>prefixItems</c>.
    /// </summary>
    /// <exception cref="GrammarException">What is left then cannot be said.</exception>
    public static IEnumerable<ValueFacts> Negated(JsonElement schema, string name, JsonElement value, string at)
    {
        ValueFacts fact = Scalar(name, value, at) ?? ValueFacts.None;
        JsonTypes types = SchemaKeywords.SpeaksOf(name);
        var left = new ValueFacts { Types = types, NamesTypes = true, Spoken = types };
        switch (name)
        {
            case "type":
                return [new ValueFacts { Types = JsonTypes.All & ~fact.Types, NamesTypes = true }];
            case "enum" or "const":
                return [new ValueFacts { NotEnum = fact.Enum! }];
            case "minLength":
                return fact.MinLength == 0 ? [] : [left with { MaxLength = fact.MinLength - 1 }];
            case "maxLength":
                return [left with { MinLength = fact.MaxLength!.Value + 1 }];
            case "minItems":
                return fact.MinItems == 0 ? [] : [left with { MaxItems = fact.MinItems - 1 }];
            case "maxItems":
                return [left with { MinItems = fact.MaxItems!.Value + 1 }];
            case "minProperties":
                return fact.MinProperties == 0 ? [] : [left with { MaxProperties = fact.MinProperties - 1 }];
            case "maxProperties":
                return [left with { MinProperties = fact.MaxProperties!.Value + 1 }];
            case "minimum" or "exclusiveMinimum":
                return [left with { Max = Other(fact.Min!.Value) }];
            case "maximum" or "exclusiveMaximum":
                return [left with { Min = Other(fact.Max!.Value) }];
            case "multipleOf":
                return [left with { Steps = [fact.Steps[0] with { IsNegated = true }] }];
            case "pattern" or "format":
                return [left with { Strings = [fact.Strings[0] with { IsNegated = true }] }];
            case "required":
                return fact.Required.Select(property => left with { Forbidden = [property] });
            case "properties":
                return Members(value, name, at).Select(property => left with
                {
                    Required = [property.Name],
                    Objects = [new ObjectShape(at, new Dictionary<string, Part>
                    {
                        [property.Name] = new Part(property.Value, $"{at}/properties/{Escaped(property.Name)}").Negated,
                    }, [], null)],
                });
            case "prefixItems":
                return ItemsOf(schema, at)!.Prefix.Select((item, i) => left with
                {
                    MinItems = i + 1,
                    Arrays = [new ArrayShape([.. Enumerable.Repeat(new Part(True, "#true"), i), item.Negated], new Part(True, "#true"))],
                });
            case "additionalProperties" or "items" or "propertyNames" when value.ValueKind == JsonValueKind.True:
                return [];
            default:
                throw Fault(
                    at, $"keyword '{Short(name)}' is not supported where it must not hold ('not', 'if', 'oneOf' whose schemas overlap)");
        }
    }

    private static JsonElement True { get; } = JsonDocument.Parse("true").RootElement.Clone();

    private static NumberBound Other(NumberBound bound) => bound with { IsExclusive = !bound.IsExclusive };

    /// <summary>What a keyword says that needs no other beside it; null for others.</summary>
    private static ValueFacts? Scalar(string name, JsonElement value, string at) => name switch
    {
        "type" => new ValueFacts { Types = Types(value, at), NamesTypes = true },
        "enum" => OfValues(Array(value, name, at)),
        "const" => OfValues([value]),
        "minLength" => new ValueFacts { MinLength = Count(value, name, at) },
        "maxLength" => new ValueFacts { MaxLength = Count(value, name, at) },
        "minItems" => new ValueFacts { MinItems = Count(value, name, at) },
        "maxItems" => new ValueFacts { MaxItems = Count(value, name, at) },
        "minProperties" => new ValueFacts { MinProperties = Count(value, name, at) },
        "maxProperties" => new ValueFacts { MaxProperties = Count(value, name, at) },
        "uniqueItems" => value.ValueKind == JsonValueKind.True
            ? new ValueFacts { UniqueAt = at }
            : throw Fault(at, $"'uniqueItems' is true or false; found {Kind(value)}"),
        "minimum" => new ValueFacts { Min = new NumberBound(Bound(value, name, at), false) },
        "exclusiveMinimum" => new ValueFacts { Min = new NumberBound(Bound(value, name, at), true) },
        "maximum" => new ValueFacts { Max = new NumberBound(Bound(value, name, at), false) },
        "exclusiveMaximum" => new ValueFacts { Max = new NumberBound(Bound(value, name, at), true) },
        "multipleOf" => new ValueFacts
        {
            Steps = [(Bound(value, name, at) is > 0 and var step ? step : throw Fault(at, "'multipleOf' is a number above 0"), false, at)],
        },
        "pattern" => new ValueFacts { Strings = [new StringFact(Text(value, name, at), null, false, at)] },
        "format" => new ValueFacts { Strings = [new StringFact(null, StringFormats.Find(Text(value, name, at)), false, at)] },
        "required" => new ValueFacts { Required = Strings(value, name, at) },
        "propertyNames" => new ValueFacts { Names = [new Part(Schema(value, name, at), $"{at}/propertyNames")] },
        _ => null,
    };

    private static ValueFacts OfValues(JsonElement[] values) => new()
    {
        Enum = values,
        NamesTypes = true,
        Types = values.Aggregate(JsonTypes.None, (types, value) => types | TypeOf(value)),
    };

    /// <summary>The type of a value; a number without a fraction is whole, however it is written.</summary>
    public static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Number => value.TryGetDecimal(out decimal number)
            ? number == decimal.Truncate(number) ? JsonTypes.Integer : JsonTypes.Fraction
            : double.IsInteger(value.GetDouble()) ? JsonTypes.Integer : JsonTypes.Fraction,
        JsonValueKind.Null => JsonTypes.Null,
        _ => JsonTypes.Boolean,
    };

    private static JsonTypes Types(JsonElement value, string at)
    {
        JsonElement[] names = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        JsonTypes types = JsonTypes.None;
        foreach (JsonElement element in names)
        {
            string name = element.ValueKind == JsonValueKind.String ? element.GetString()! : Kind(element);
            types |= SchemaKeywords.Types.TryGetValue(name, out JsonTypes type)
                ? type
                : throw Fault(at, $"type '{Short(name)}' is not one of {string.Join(", ", SchemaKeywords.Types.Keys.Order())}");
        }

        return names.Length > 0 ? types : throw Fault(at, "'type' is empty");
    }

    private static ArrayShape? ItemsOf(JsonElement schema, string at)
    {
        bool hasPrefix = schema.TryGetProperty("prefixItems", out JsonElement prefix);
        bool hasItems = schema.TryGetProperty("items", out JsonElement items);
        return !hasPrefix && !hasItems ? null : new ArrayShape(
            hasPrefix ? [.. Array(prefix, "prefixItems", at).Select((item, i) => new Part(item, $"{at}/prefixItems/{i}"))] : [],
            hasItems ? new Part(items, $"{at}/items") : null);
    }

    private static ObjectShape? PropertiesOf(JsonElement schema, string at)
    {
        bool hasNamed = schema.TryGetProperty("properties", out JsonElement named);
        bool hasPatterns = schema.TryGetProperty("patternProperties", out JsonElement patterns);
        bool hasOthers = schema.TryGetProperty("additionalProperties", out JsonElement others);
        if (!hasNamed && !hasPatterns && !hasOthers)
        {
            return null;
        }

        // In the schema's order, which the answer keeps.
        var properties = new OrderedDictionary<string, Part>();
        foreach (JsonProperty member in hasNamed ? Members(named, "properties", at) : [])
        {
            properties.Add(member.Name, new Part(member.Value, $"{at}/properties/{Escaped(member.Name)}"));
        }

        var matching = new List<(Dfa, Part)>();
        foreach (JsonProperty member in hasPatterns ? Members(patterns, "patternProperties", at) : [])
        {
            string place = $"{at}/patternProperties/{Escaped(member.Name)}";
            matching.Add((StringLanguage.OfPattern(member.Name, place), new Part(member.Value, place)));
        }

        return new ObjectShape(
            at, properties, matching,
            hasOthers ? new Part(Schema(others, "additionalProperties", at), $"{at}/additionalProperties") : null);
    }

    private static void CheckOrder(JsonElement schema, string minName, string maxName, string at)
    {
        bool isBoth = schema.TryGetProperty(minName, out JsonElement least) & schema.TryGetProperty(maxName, out JsonElement most);
        if (isBoth && Count(least, minName, at) is var min && Count(most, maxName, at) is var max && min > max)
        {
            throw Fault(at, $"'{minName}' {min} is more than '{maxName}' {max}");
        }
    }
}
