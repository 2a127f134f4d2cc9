using System.Text.Json;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar.Facts;

/// <summary>
/// Turns schemas that combine others into the ways in which a value may be valid: one list of <see cref="ValueFacts"/>, any of which
/// will do. What stands inside of objects and arrays is left as it is.
/// </summary>
internal sealed class SchemaExpander
{
    private const int MostAlternatives = 4096;
    private const int MostSteps = 200_000;

    private readonly JsonElement _root;
    private readonly Dictionary<string, IReadOnlyList<ValueFacts>> _references = [];
    private readonly HashSet<string> _open = [];
    private readonly Disjointness _disjointness;
    private int _steps;
    private int _nesting;

    public SchemaExpander(JsonElement root)
    {
        _root = root;
        _disjointness = new Disjointness(this);
    }

    /// <summary>All ways to reach a goal; none where no value does.</summary>
    public IReadOnlyList<ValueFacts> Expand(Goal goal)
    {
        IReadOnlyList<ValueFacts> ways = [ValueFacts.None];
        foreach (Part part in goal.Parts)
        {
            ways = Both(ways, Expand(part), part.At);
        }

        return ways;
    }

    /// <summary>A schema that is but a reference is what it refers to.</summary>
    public Part Resolve(Part part)
    {
        for (int steps = 0; part.Schema.ValueKind == JsonValueKind.Object && IsReference(part.Schema); steps++)
        {
            part = steps < Limits.Nesting ? Target(part.Schema.GetProperty("$ref"), part)
                : throw Fault(part.At, "'$ref' leads back to itself");
        }

        return part;

        static bool IsReference(JsonElement schema) => schema.TryGetProperty("$ref", out _)
            && schema.EnumerateObject().All(p => p.Name == "$ref" || SchemaKeywords.IsAnnotation(p.Name, p.Value));
    }

    private IReadOnlyList<ValueFacts> Expand(Part part)
    {
        if (++_nesting > Limits.Nesting)
        {
            throw Fault(part.At, $"schemas are nested deeper than {Limits.Nesting}");
        }

        if (++_steps > MostSteps)
        {
            throw Fault(part.At, "the schema combines too many others");
        }

        IReadOnlyList<ValueFacts> ways = part.Schema.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => part.IsNothing ? [] : [ValueFacts.None],
            JsonValueKind.Object => part.IsNegated ? Negative(part) : Positive(part),
            _ => throw Fault(part.At, $"a schema is an object, true or false; found {Kind(part.Schema)}"),
        };
        _nesting--;
        return ways;
    }

    private IReadOnlyList<ValueFacts> Positive(Part part)
    {
        (JsonElement schema, string at, _) = part;
        IReadOnlyList<ValueFacts> ways = FactReader.Read(schema, at) is { } facts ? [facts] : [];
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            switch (keyword.Name)
            {
                case "$ref":
                    ways = Both(ways, Referred(keyword.Value, part), at);
                    break;
                case "allOf":
                    ways = Parts(keyword, at).Aggregate(ways, (all, one) => Both(all, Expand(one), at));
                    break;
                case "anyOf":
                    ways = Both(ways, Any(Parts(keyword, at).Select(Expand), at), at);
                    break;
                case "not":
                    ways = Both(ways, Expand(new Part(keyword.Value, $"{at}/not").Negated), at);
                    break;
                case "if":
                    ways = Both(ways, If(schema, keyword.Value, at), at);
                    break;
                case "dependentRequired":
                    foreach (JsonProperty property in Members(keyword.Value, keyword.Name, at))
                    {
                        string[] names = Strings(property.Value, keyword.Name, at);
                        ways = Both(ways, Depends(property.Name, [new ValueFacts { Required = names }]), at);
                    }

                    break;
                case "dependentSchemas":
                    foreach (JsonProperty property in Members(keyword.Value, keyword.Name, at))
                    {
                        var other = new Part(property.Value, $"{at}/dependentSchemas/{Escaped(property.Name)}");
                        ways = Both(ways, Depends(property.Name, Expand(other)), at);
                    }

                    break;
            }
        }

        // Last, so that what else is said tells its schemas apart.
        return schema.TryGetProperty("oneOf", out JsonElement one) ? OneOf(ways, one, at) : ways;
    }

    private List<ValueFacts> Negative(Part part)
    {
        (JsonElement schema, string at, _) = part;
        var ways = new List<ValueFacts>();
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (SchemaKeywords.IsAnnotation(keyword.Name, keyword.Value))
            {
                continue;
            }

            ways.AddRange(keyword.Name switch
            {
                "$ref" => Referred(keyword.Value, part),
                "allOf" => Any(Parts(keyword, at).Select(one => Expand(one.Negated)), at),
                "anyOf" => Parts(keyword, at).Aggregate<Part, IReadOnlyList<ValueFacts>>(
                    [ValueFacts.None], (all, one) => Both(all, Expand(one.Negated), at)),
                "not" => Expand(new Part(keyword.Value, $"{at}/not")),
                "if" => NotIf(schema, keyword.Value, at),
                "then" or "else" => [],
                _ => FactReader.Negated(schema, keyword.Name, keyword.Value, at),
            });
            CheckCount(ways.Count, at);
        }

        return ways;
    }

    private List<ValueFacts> If(JsonElement schema, JsonElement condition, string at)
    {
        var holds = new Part(condition, $"{at}/if");
        Part? then = schema.TryGetProperty("then", out JsonElement one) ? new Part(one, $"{at}/then") : null;
        Part? otherwise = schema.TryGetProperty("else", out JsonElement other) ? new Part(other, $"{at}/else") : null;
        if (then is null && otherwise is null)
        {
            return [ValueFacts.None];
        }

        return Any(
        [
            Both(Expand(holds), then is { } t ? Expand(t) : [ValueFacts.None], at),
            Both(Expand(holds.Negated), otherwise is { } o ? Expand(o) : [ValueFacts.None], at),
        ], at);
    }

    private List<ValueFacts> NotIf(JsonElement schema, JsonElement condition, string at)
    {
        var holds = new Part(condition, $"{at}/if");
        return Any(
        [
            schema.TryGetProperty("then", out JsonElement then)
                ? Both(Expand(holds), Expand(new Part(then, $"{at}/then").Negated), at) : [],
            schema.TryGetProperty("else", out JsonElement other)
                ? Both(Expand(holds.Negated), Expand(new Part(other, $"{at}/else").Negated), at) : [],
        ], at);
    }

    private static List<ValueFacts> Depends(string property, IReadOnlyList<ValueFacts> facts) =>
    [
        new ValueFacts { Forbidden = [property], Spoken = JsonTypes.Object },
        .. facts.Select(fact => ValueFacts.Both(fact, new ValueFacts { Required = [property], Spoken = JsonTypes.Object }))
            .OfType<ValueFacts>(),
    ];

    /// <summary>
    /// Exactly one: schemas that no value can have in common are alternatives, and of others each holds where those do not.
    /// </summary>
    private List<ValueFacts> OneOf(IReadOnlyList<ValueFacts> ways, JsonElement value, string at)
    {
        Part[] parts = [.. Parts("oneOf", value, at)];
        IReadOnlyList<ValueFacts>[] branches = [.. parts.Select(part => Both(ways, Expand(part), at))];
        var result = new List<IReadOnlyList<ValueFacts>>();
        for (int i = 0; i < parts.Length; i++)
        {
            IReadOnlyList<ValueFacts> branch = branches[i];
            for (int j = 0; j < parts.Length && branch.Count > 0; j++)
            {
                if (j != i && !_disjointness.Of(branch, branches[j]))
                {
                    branch = Both(branch, Expand(parts[j].Negated), at);
                }
            }

            result.Add(branch);
        }

        return Any(result, at);
    }

    private IReadOnlyList<ValueFacts> Referred(JsonElement pointer, Part from)
    {
        Part target = Target(pointer, from);
        if (_references.TryGetValue(target.Key, out IReadOnlyList<ValueFacts>? known))
        {
            return known;
        }

        if (!_open.Add(target.Key))
        {
            throw Fault(from.At, "'$ref' leads back to itself");
        }

        IReadOnlyList<ValueFacts> ways = Expand(target);
        _open.Remove(target.Key);
        _references.Add(target.Key, ways);
        return ways;
    }

    private Part Target(JsonElement pointer, Part from)
    {
        string text = Text(pointer, "$ref", from.At);
        return new Part(JsonPointer.Find(_root, text, from.At), text, from.IsNegated);
    }

    private static IEnumerable<Part> Parts(JsonProperty keyword, string at) => Parts(keyword.Name, keyword.Value, at);

    private static IEnumerable<Part> Parts(string keyword, JsonElement value, string at)
    {
        JsonElement[] schemas = Array(value, keyword, at);
        return schemas.Length > 0
            ? schemas.Select((schema, i) => new Part(schema, $"{at}/{keyword}/{i}")) : throw Fault(at, $"'{keyword}' is empty");
    }

    private static List<ValueFacts> Any(IEnumerable<IReadOnlyList<ValueFacts>> alternatives, string at)
    {
        var all = new List<ValueFacts>();
        foreach (IReadOnlyList<ValueFacts> ways in alternatives)
        {
            all.AddRange(ways);
            CheckCount(all.Count, at);
        }

        return all;
    }

    private static IReadOnlyList<ValueFacts> Both(IReadOnlyList<ValueFacts> some, IReadOnlyList<ValueFacts> others, string at)
    {
        if (some is [var only] && ReferenceEquals(only, ValueFacts.None))
        {
            return others;
        }

        var both = new List<ValueFacts>();
        foreach (ValueFacts one in some)
        {
            foreach (ValueFacts other in others)
            {
                if (ValueFacts.Both(one, other) is { } facts)
                {
                    both.Add(facts);
                    CheckCount(both.Count, at);
                }
            }
        }

        return both;
    }

    private static void CheckCount(int count, string at)
    {
        if (count > MostAlternatives)
        {
            throw Fault(at, $"the schema has more than {MostAlternatives} alternatives once they are combined");
        }
    }
}
