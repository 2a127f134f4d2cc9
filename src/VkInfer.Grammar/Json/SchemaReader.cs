using System.Text.Json;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>Turns a JSON schema into rules.</summary>
internal sealed partial class SchemaReader
{
    private readonly JsonElement _root;
    private readonly RuleSet _rules = new();
    private readonly JsonRules _json;
    private readonly JsonConstants _constants;
    private readonly Dictionary<string, int> _references = [];
    private readonly Queue<(int Rule, JsonElement Schema, string At)> _pending = [];
    private int _nesting;

    public SchemaReader(JsonElement root)
    {
        _root = root;
        _json = new JsonRules(_rules);
        _constants = new JsonConstants(_json);
    }

    /// <summary>Reads the schema; the first rule is the whole.</summary>
    public RuleSet Read()
    {
        Reference("#", "#");
        while (_pending.TryDequeue(out (int Rule, JsonElement Schema, string At) next))
        {
            _rules.Define(next.Rule, next.At, Value(next.Schema, next.At));
        }

        return _rules;
    }

    /// <summary>What a schema allows.</summary>
    private Expression Value(JsonElement schema, string at)
    {
        if (++_nesting > Limits.Nesting)
        {
            throw Fault(at, $"schemas are nested deeper than {Limits.Nesting}");
        }

        Expression value = schema.ValueKind switch
        {
            JsonValueKind.True => _json.AnyValue,
            JsonValueKind.False => throw Fault(at, "the schema 'false' allows nothing"),
            JsonValueKind.Object => Keywords(schema, at),
            _ => throw Fault(at, $"a schema is an object, true or false; found {Kind(schema)}"),
        };
        _nesting--;
        return value;
    }

    private Expression Keywords(JsonElement schema, string at)
    {
        string[] keywords =
            [.. schema.EnumerateObject().Where(p => !SchemaKeywords.IsAnnotation(p.Name, p.Value)).Select(p => p.Name)];
        if (keywords.FirstOrDefault(SchemaKeywords.Unsupported.Contains) is { } unsupported)
        {
            throw Fault(at, $"keyword '{unsupported}' is not supported");
        }

        if (keywords.FirstOrDefault(SchemaKeywords.Whole.Contains) is { } whole)
        {
            return keywords.FirstOrDefault(name => name != whole) is { } beside
                ? throw Fault(at, $"keyword '{beside}' beside '{whole}' is not supported")
                : Whole(whole, schema.GetProperty(whole), at);
        }

        string[]? types = Types(schema, at);
        return keywords.FirstOrDefault(name => name is "enum" or "const") is { } constants
            ? Constants(schema, types, constants, keywords, at)
            : OfTypes(schema, types, keywords, at);
    }

    private Expression Whole(string keyword, JsonElement value, string at)
    {
        if (keyword == "$ref")
        {
            return value.ValueKind == JsonValueKind.String
                ? new Expression.Reference(Reference(value.GetString()!, at))
                : throw Fault(at, $"'$ref' is a string; found {Kind(value)}");
        }

        JsonElement[] alternatives = Array(value, keyword, at);
        if (keyword == "allOf" && alternatives.Length > 1)
        {
            throw Fault(at, "'allOf' of more than one schema is not supported");
        }

        return alternatives.Length > 0
            ? new Expression.Choice([.. alternatives.Select((schema, i) => Value(schema, $"{at}/{keyword}/{i}"))])
            : throw Fault(at, $"'{keyword}' is empty");
    }

    /// <summary>The values of enum or const that have one of the types.</summary>
    private Expression.Choice Constants(JsonElement schema, string[]? types, string keyword, string[] keywords, string at)
    {
        if (keywords.FirstOrDefault(name => name != keyword && name != "type") is { } beside)
        {
            throw Fault(at, $"keyword '{beside}' beside '{keyword}' is not supported");
        }

        JsonElement value = schema.GetProperty(keyword);
        JsonElement[] values = keyword == "const" ? [value] : Array(value, keyword, at);
        Expression[] allowed =
            [.. values.Where(v => types is null || types.Any(type => IsOfType(v, type))).Select(v => _constants.Value(v, at))];
        return allowed.Length > 0 ? new Expression.Choice(allowed) : throw Fault(at, $"'{keyword}' has no value of the type");
    }

    private Expression OfTypes(JsonElement schema, string[]? types, string[] keywords, string at)
    {
        // Without types, the types that the keywords speak of; every valid value of these is valid.
        types ??= [.. SchemaKeywords.OfType.Keys.Where(type => keywords.Any(SchemaKeywords.OfType[type].Contains))];
        if (types.Length == 0)
        {
            return _json.AnyValue;
        }

        if (types.Contains("number") && keywords.FirstOrDefault(SchemaKeywords.OfType["integer"].Contains) is { } bound)
        {
            throw Fault(at, $"keyword '{bound}' is supported for integers only");
        }

        return new Expression.Choice([.. types.Select(type => OfType(schema, type, at))]);
    }

    private Expression OfType(JsonElement schema, string type, string at) => type switch
    {
        "object" => Object(schema, at),
        "array" => ArrayOf(schema, at),
        "string" => Text(schema, at),
        "number" => _json.Number,
        "integer" => Integer(schema, at),
        "boolean" => JsonRules.Boolean,
        _ => JsonRules.Null,
    };

    /// <summary>The types that a schema names; null where it names none.</summary>
    private static string[]? Types(JsonElement schema, string at)
    {
        if (!schema.TryGetProperty("type", out JsonElement value))
        {
            return null;
        }

        JsonElement[] names = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        string[] types = [.. names.Select(name => name.ValueKind == JsonValueKind.String ? name.GetString()! : Kind(name)).Distinct()];
        if (types.FirstOrDefault(type => !SchemaKeywords.OfType.ContainsKey(type)) is { } unknown)
        {
            throw Fault(at, $"type '{Short(unknown)}' is not one of {string.Join(", ", SchemaKeywords.OfType.Keys.Order())}");
        }

        return types.Length > 0 ? types : throw Fault(at, "'type' is empty");
    }

    private static bool IsOfType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number =>
            type == "number" || (type == "integer" && value.TryGetDecimal(out decimal number) && number == decimal.Truncate(number)),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };

    private Expression Text(JsonElement schema, string at)
    {
        int? min = Count(schema, "minLength", at);
        int? max = Count(schema, "maxLength", at);
        CheckOrder(min, max, "minLength", "maxLength", at);
        if (!schema.TryGetProperty("format", out JsonElement name))
        {
            return _json.StringOf(min ?? 0, max);
        }

        if (name.ValueKind != JsonValueKind.String)
        {
            throw Fault(at, $"'format' is a string; found {Kind(name)}");
        }

        if (StringFormats.Find(name.GetString()!) is not { } format)
        {
            return _json.StringOf(min ?? 0, max);
        }

        return (min ?? 0) <= format.MinLength && (max ?? int.MaxValue) >= format.MaxLength
            ? _json.Formatted(format)
            : throw Fault(
                at, $"format '{format.Name}' beside a length that forbids some of its {format.MinLength} to {format.MaxLength} characters "
                + "is not supported");
    }

    private Expression Integer(JsonElement schema, string at)
    {
        decimal? min = Bound(schema, "minimum", decimal.Ceiling, at);
        decimal? above = Bound(schema, "exclusiveMinimum", value => decimal.Floor(value) + 1, at);
        decimal? max = Bound(schema, "maximum", decimal.Floor, at);
        decimal? below = Bound(schema, "exclusiveMaximum", value => decimal.Ceiling(value) - 1, at);
        if ((min ?? above ?? max ?? below) is null)
        {
            return _json.Integer;
        }

        decimal first = Math.Max(Math.Max(min ?? -IntegerRange.Largest, above ?? -IntegerRange.Largest), -IntegerRange.Largest);
        decimal last = Math.Min(Math.Min(max ?? IntegerRange.Largest, below ?? IntegerRange.Largest), IntegerRange.Largest);
        return first <= last
            ? IntegerRange.Of((long)first, (long)last)
            : throw Fault(at, $"no integer of at most 15 digits lies within the bounds");
    }

    private static decimal? Bound(JsonElement schema, string keyword, Func<decimal, decimal> round, string at)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && Math.Abs(number) < 1e20m
            ? round(number)
            : throw Fault(at, $"'{keyword}' is a number of at most 20 digits; found {Kind(value)}");
    }

    /// <summary>The rule of a JSON pointer into the schema.</summary>
    private int Reference(string pointer, string at)
    {
        if (!_references.TryGetValue(pointer, out int rule))
        {
            JsonElement target = JsonPointer.Find(_root, pointer, at);
            rule = _rules.Add(pointer, pointer);
            _references.Add(pointer, rule);
            _pending.Enqueue((rule, target, pointer));
        }

        return rule;
    }

    /// <summary>A rule of its own, so that an expression that stands in several places is not copied.</summary>
    private Expression.Reference Shared(Expression expression, string at) => new(_rules.Add(at, at, expression));

    private static JsonElement[] Array(JsonElement value, string keyword, string at) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray()]
        : throw Fault(at, $"'{keyword}' is an array; found {Kind(value)}");

    private static int? Count(JsonElement schema, string keyword, string at)
    {
        if (!schema.TryGetProperty(keyword, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number
            && value.TryGetDecimal(out decimal count) && count >= 0 && count == decimal.Truncate(count))
        {
            // No text is so long that a larger maximum makes a difference.
            return keyword.StartsWith("max", StringComparison.Ordinal) || count <= Limits.Repetitions
                ? (int)Math.Min(count, Limits.Repetitions)
                : throw Fault(at, $"'{keyword}' is at most {Limits.Repetitions}; found {Short(value.GetRawText())}");
        }

        throw Fault(at, $"'{keyword}' is a whole number from 0; found {Short(value.GetRawText())}");
    }

    private static void CheckOrder(int? min, int? max, string minName, string maxName, string at)
    {
        if (min > max)
        {
            throw Fault(at, $"'{minName}' {min} is more than '{maxName}' {max}");
        }
    }

    private static GrammarException Fault(string at, string message) => new(at, message);

    private static string Kind(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    /// <summary>What a message shows of a text of unknown length.</summary>
    private static string Short(string text) =>
        new string([.. text.Take(40).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]) + (text.Length > 40 ? "…" : "");
}
