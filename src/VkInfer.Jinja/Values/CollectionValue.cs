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

/// <summary>What filters as <c>map</c> return: it can be read once, and fails for whoever reads as far as what failed.</summary>
internal sealed class GeneratorValue : CollectionValue
{
    private readonly JinjaException? _failure;
    private int _read;

    private GeneratorValue(string typeName, string? function, List<object?> items, JinjaException? failure, Budget budget)
        : base(items, budget) => (TypeName, Function, _failure) = (typeName, function, failure);

    /// <summary>Name of the type in Python.</summary>
    public string TypeName { get; }

    /// <summary>Name of jinja2's function that it runs, where it is a generator in Python.</summary>
    public string? Function { get; }

    /// <summary>Takes what there is up to the first failure.</summary>
    public static GeneratorValue Of(string? function, IEnumerable<object?> items, Budget budget, string typeName = "generator")
    {
        var taken = new List<object?>();
        JinjaException? failure = null;
        try
        {
            foreach (object? item in items)
            {
                taken.Add(item);
            }
        }
        catch (JinjaException problem) when (problem.Kind == JinjaErrorKind.Runtime)
        {
            failure = problem;
        }

        return new GeneratorValue(typeName, function, taken, failure, budget);
    }

    public List<object?> TakeAll()
    {
        var rest = new List<object?>(Items.Skip(_read));
        _read = Items.Count;
        ThrowAtEnd();
        return rest;
    }

    public bool TryTake(out object? item)
    {
        if (_read < Items.Count)
        {
            item = Items[_read++];
            return true;
        }

        item = null;
        ThrowAtEnd();
        return false;
    }

    // Once: what has failed is at its end.
    private void ThrowAtEnd()
    {
        if (_read++ == Items.Count && _failure is not null)
        {
            throw _failure;
        }
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
