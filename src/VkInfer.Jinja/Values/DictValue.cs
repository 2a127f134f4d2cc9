namespace VkInfer.Jinja;

/// <summary>A dict in the order of insertion. Immutable.</summary>
internal sealed class DictValue
{
    private readonly OrderedDictionary<DictKey, object?> _entries;

    public DictValue(IEnumerable<KeyValuePair<object?, object?>> entries, Budget budget)
    {
        _entries = new(new DictKeyComparer(budget));
        foreach ((object? key, object? value) in entries)
        {
            budget.Items(2);
            _entries[new DictKey(key)] = value;
        }

        Depth = Nesting.Above(_entries.Keys.Select(key => key.Value).Concat(_entries.Values), budget);
    }

    public int Count => _entries.Count;

    public int Depth { get; }

    public IEnumerable<object?> Keys => _entries.Keys.Select(key => key.Value);

    public IEnumerable<object?> Values => _entries.Values;

    public IEnumerable<KeyValuePair<object?, object?>> Entries =>
        _entries.Select(entry => KeyValuePair.Create(entry.Key.Value, entry.Value));

    public bool TryGet(object? key, out object? value) => _entries.TryGetValue(new DictKey(key), out value);
}

/// <summary>A key, which may be None.</summary>
internal readonly record struct DictKey(object? Value);

/// <summary>Equality of keys as in Python: 1, 1.0 and True are one key.</summary>
internal sealed class DictKeyComparer(Budget budget) : IEqualityComparer<DictKey>
{
    public bool Equals(DictKey x, DictKey y) => Comparison.AreEqual(x.Value, y.Value, budget);

    public int GetHashCode(DictKey key) => Hash(key.Value);

    private int Hash(object? value)
    {
        budget.Work(Budget.OneStep);
        switch (value)
        {
            case string text:
                budget.Work(text.Length);
                return text.GetHashCode(StringComparison.Ordinal);
            case bool flag:
                return (flag ? 1L : 0L).GetHashCode();
            case double number when number == Math.Floor(number) && Math.Abs(number) < 1L << 53:
                return ((long)number).GetHashCode();
            case TupleValue tuple:
                return tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, Hash(item)));
            case CollectionValue or DictValue:
                throw JinjaException.Runtime($"unhashable type: '{TypeNames.Of(value)}'");
            case UndefinedValue:
                return 1;
            case null:
                return 0;
            default:
                return value.GetHashCode();
        }
    }
}
