using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar.Facts;

/// <summary>
/// What one schema says of properties: <c>properties</c>, <c>patternProperties</c> and <c>additionalProperties</c> belong together.
/// </summary>
/// <param name="At">Its place.</param>
/// <param name="Named">The properties with names, in order.</param>
/// <param name="Patterns">Those whose names match a pattern.</param>
/// <param name="Others">All others; null: nothing is said of them.</param>
internal sealed record ObjectShape(
    string At, IReadOnlyDictionary<string, Part> Named, IReadOnlyList<(Dfa Names, Part Value)> Patterns, Part? Others)
{
    /// <summary>What a property's value must be, as far as this schema says.</summary>
    public IEnumerable<Part> Of(string name)
    {
        bool isNamed = Named.TryGetValue(name, out Part named);
        if (isNamed)
        {
            yield return named;
        }

        foreach ((Dfa names, Part value) in Patterns)
        {
            if (names.IsMatch(name))
            {
                isNamed = true;
                yield return value;
            }
        }

        if (!isNamed && Others is { } others)
        {
            yield return others;
        }
    }
}

/// <summary>What one schema says of items: <c>prefixItems</c> and <c>items</c> belong together.</summary>
/// <param name="Prefix">The first items.</param>
/// <param name="Items">All behind them; null: nothing is said of them.</param>
internal sealed record ArrayShape(Part[] Prefix, Part? Items)
{
    /// <summary>What an item must be, as far as this schema says.</summary>
    public Part? Of(int index) => index < Prefix.Length ? Prefix[index] : Items;
}
