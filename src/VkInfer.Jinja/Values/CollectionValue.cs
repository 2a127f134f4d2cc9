namespace VkInfer.Jinja;

/// <summary>
/// Values in order. Immutable, so that no value can hold itself, and of bounded nesting, so that recursion over it is safe.
/// </summary>
internal abstract class CollectionValue
{
    protected CollectionValue(List<object?> items, Budget budget)
    {
        budget.Items(items.Count);
        Items = items;
        Depth = Nesting.Above(items, budget);
    }

    public IReadOnlyList<object?> Items { get; }

    public int Depth { get; }
}

/// <summary>A list.</summary>
internal sealed class ListValue(List<object?> items, Budget budget) : CollectionValue(items, budget);

/// <summary>A tuple; its items may have names.</summary>
internal sealed class TupleValue(List<object?> items, Budget budget, params string[] names) : CollectionValue(items, budget)
{
    public string[] Names { get; } = names;
}

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> of a dict return.</summary>
internal sealed class ViewValue(string typeName, List<object?> items, Budget budget) : CollectionValue(items, budget)
{
    public string TypeName { get; } = typeName;
}

/// <summary>What filters as <c>map</c> return: it can be read once.</summary>
internal sealed class GeneratorValue(List<object?> items, Budget budget) : CollectionValue(items, budget)
{
    private int _read;

    public IReadOnlyList<object?> TakeAll()
    {
        IReadOnlyList<object?> rest = _read == 0 ? Items : [];
        _read = Items.Count;
        return rest;
    }

    public bool TryTake(out object? item)
    {
        item = _read < Items.Count ? Items[_read] : null;
        return _read++ < Items.Count;
    }
}

/// <summary>How deep values hold values.</summary>
internal static class Nesting
{
    public static int Above(IEnumerable<object?> items, Budget budget)
    {
        int depth = 0;
        foreach (object? item in items)
        {
            depth = Math.Max(depth, Of(item));
        }

        return depth < budget.Limits.ValueDepth
            ? depth + 1
            : throw JinjaException.Limit($"values nested deeper than {budget.Limits.ValueDepth}");
    }

    private static int Of(object? value) => value switch
    {
        CollectionValue collection => collection.Depth,
        DictValue dict => dict.Depth,
        _ => 0,
    };
}
