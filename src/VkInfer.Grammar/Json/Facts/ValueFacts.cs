using System.Text.Json;

namespace VkInfer.Grammar.Facts;

/// <summary>
/// One way for a value to be valid: everything that must hold, with no alternatives left in it. What is said of a type says nothing of
/// values of other types. Immutable.
/// </summary>
internal sealed record ValueFacts
{
    /// <summary>What holds where nothing is said.</summary>
    public static ValueFacts None { get; } = new();

    public JsonTypes Types { get; init; } = JsonTypes.All;

    /// <summary>Whether types were named. Where not, only those appear that are spoken of.</summary>
    public bool NamesTypes { get; init; }

    /// <summary>Types that keywords speak of.</summary>
    public JsonTypes Spoken { get; init; }

    /// <summary>The values that are allowed; null: any.</summary>
    public IReadOnlyList<JsonElement>? Enum { get; init; }

    public IReadOnlyList<JsonElement> NotEnum { get; init; } = [];

    public int MinLength { get; init; }

    public int? MaxLength { get; init; }

    public IReadOnlyList<StringFact> Strings { get; init; } = [];

    public NumberBound? Min { get; init; }

    public NumberBound? Max { get; init; }

    public IReadOnlyList<(decimal Step, bool IsNegated, string At)> Steps { get; init; } = [];

    public IReadOnlyList<ArrayShape> Arrays { get; init; } = [];

    public int MinItems { get; init; }

    public int? MaxItems { get; init; }

    /// <summary>Where it is said that items are unique; null: nowhere.</summary>
    public string? UniqueAt { get; init; }

    public IReadOnlyList<ObjectShape> Objects { get; init; } = [];

    public IReadOnlyList<string> Required { get; init; } = [];

    public IReadOnlyList<string> Forbidden { get; init; } = [];

    public IReadOnlyList<Part> Names { get; init; } = [];

    public int MinProperties { get; init; }

    public int? MaxProperties { get; init; }

    /// <summary>The types that values may have.</summary>
    public JsonTypes Allowed => NamesTypes || Spoken == JsonTypes.None ? Types : Types & Spoken;

    /// <summary>Both; null where no value is left.</summary>
    public static ValueFacts? Both(ValueFacts a, ValueFacts b)
    {
        if (ReferenceEquals(a, None) || ReferenceEquals(b, None))
        {
            return ReferenceEquals(a, None) ? b : a;
        }

        var both = new ValueFacts
        {
            Types = a.Types & b.Types,
            NamesTypes = a.NamesTypes || b.NamesTypes,
            Spoken = a.Spoken | b.Spoken,
            Enum = a.Enum is null ? b.Enum
                : b.Enum is null ? a.Enum : [.. a.Enum.Where(v => b.Enum.Any(w => JsonElement.DeepEquals(v, w)))],
            NotEnum = Joined(a.NotEnum, b.NotEnum),
            MinLength = Math.Max(a.MinLength, b.MinLength),
            MaxLength = Least(a.MaxLength, b.MaxLength),
            Strings = Joined(a.Strings, b.Strings),
            Min = Tighter(a.Min, b.Min, isMin: true),
            Max = Tighter(a.Max, b.Max, isMin: false),
            Steps = Joined(a.Steps, b.Steps),
            Arrays = Joined(a.Arrays, b.Arrays),
            MinItems = Math.Max(a.MinItems, b.MinItems),
            MaxItems = Least(a.MaxItems, b.MaxItems),
            UniqueAt = a.UniqueAt ?? b.UniqueAt,
            Objects = Joined(a.Objects, b.Objects),
            Required = Union(a.Required, b.Required),
            Forbidden = Union(a.Forbidden, b.Forbidden),
            Names = Joined(a.Names, b.Names),
            MinProperties = Math.Max(a.MinProperties, b.MinProperties),
            MaxProperties = Least(a.MaxProperties, b.MaxProperties),
        };
        JsonTypes types = both.Types & ~both.Impossible();
        return types == JsonTypes.None || both.Enum is { Count: 0 } ? null : both with { Types = types };
    }

    /// <summary>Types of which no value is left.</summary>
    private JsonTypes Impossible() =>
        (MinLength > MaxLength ? JsonTypes.String : JsonTypes.None)
        | (MinItems > MaxItems ? JsonTypes.Array : JsonTypes.None)
        | (MinProperties > MaxProperties || Required.Count > MaxProperties || Required.Intersect(Forbidden).Any()
            ? JsonTypes.Object : JsonTypes.None)
        | (Min is { } min && Max is { } max && (min.Value > max.Value || (min.Value == max.Value && (min.IsExclusive || max.IsExclusive)))
            ? JsonTypes.Number : JsonTypes.None);

    private static int? Least(int? a, int? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private static NumberBound? Tighter(NumberBound? a, NumberBound? b, bool isMin)
    {
        if (a is not { } one || b is not { } other)
        {
            return a ?? b;
        }

        if (one.Value == other.Value)
        {
            return one.IsExclusive ? one : other;
        }

        return one.Value > other.Value == isMin ? one : other;
    }

    private static IReadOnlyList<T> Joined<T>(IReadOnlyList<T> a, IReadOnlyList<T> b) =>
        a.Count == 0 ? b : b.Count == 0 ? a : [.. a, .. b];

    private static IReadOnlyList<string> Union(IReadOnlyList<string> a, IReadOnlyList<string> b) =>
        a.Count == 0 ? b : b.Count == 0 ? a : [.. a.Union(b)];
}

/// <summary>A pattern or a format that a string has, or has not.</summary>
/// <param name="Pattern">The pattern; null where it is a format.</param>
/// <param name="Format">The format; null where it is a pattern.</param>
/// <param name="IsNegated">Whether strings must not be so.</param>
/// <param name="At">Where that is said.</param>
internal sealed record StringFact(string? Pattern, StringFormat? Format, bool IsNegated, string At);
