namespace VkInfer.Jinja;

/// <summary>Python's truth, equality and order.</summary>
internal static class Comparison
{
    public static bool IsTrue(object? value) => value switch
    {
        null or UndefinedValue => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        GeneratorValue => true,
        CollectionValue collection => collection.Items.Count > 0,
        DictValue dict => dict.Count > 0,
        RangeValue range => range.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right, Budget budget)
    {
        budget.Work(Budget.OneStep);
        switch (left, right)
        {
            case (string a, string b):
                budget.Work(Math.Min(a.Length, b.Length));
                return a == b;
            case (bool or long or double, bool or long or double):
                return CompareNumbers(left, right) == 0;
            case (UndefinedValue, UndefinedValue):
                return true;
            case (ListValue a, ListValue b):
                return AreEqual(a.Items, b.Items, budget);
            case (TupleValue a, TupleValue b):
                return AreEqual(a.Items, b.Items, budget);
            case (DictValue a, DictValue b):
                return AreEqual(a, b, budget);
            default:
                return left is RangeValue && left.Equals(right) || ReferenceEquals(left, right);
        }
    }

    /// <summary>Negative, zero or positive; null where a NaN makes every order false.</summary>
    public static int? Compare(object? left, object? right, string operation, Budget budget)
    {
        budget.Work(Budget.OneStep);
        switch (left, right)
        {
            case (UndefinedValue undefined, _): throw undefined.Error();
            case (_, UndefinedValue undefined): throw undefined.Error();
            case (bool or long or double, bool or long or double):
                return CompareNumbers(left, right);
            case (string a, string b):
                budget.Work(Math.Min(a.Length, b.Length));
                return CompareText(a, b);
            case (ListValue a, ListValue b):
                return Compare(a.Items, b.Items, operation, budget);
            case (TupleValue a, TupleValue b):
                return Compare(a.Items, b.Items, operation, budget);
            default:
                throw JinjaException.Runtime(
                    $"'{operation}' not supported between instances of '{TypeNames.Of(left)}' and '{TypeNames.Of(right)}'");
        }
    }

    private static bool AreEqual(IReadOnlyList<object?> a, IReadOnlyList<object?> b, Budget budget)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (int i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i], budget))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreEqual(DictValue a, DictValue b, Budget budget) =>
        a.Count == b.Count && a.Entries.All(entry => b.TryGet(entry.Key, out object? other) && AreEqual(entry.Value, other, budget));

    private static int? Compare(IReadOnlyList<object?> a, IReadOnlyList<object?> b, string operation, Budget budget)
    {
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!AreEqual(a[i], b[i], budget))
            {
                return Compare(a[i], b[i], operation, budget);
            }
        }

        return a.Count.CompareTo(b.Count);
    }

    private static int? CompareNumbers(object? left, object? right)
    {
        if (left is not double && right is not double)
        {
            return Numbers.ToInt(left).CompareTo(Numbers.ToInt(right));
        }

        (double a, double b) = (Numbers.ToDouble(left), Numbers.ToDouble(right));
        return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
    }

    /// <summary>By code points: a surrogate stands above all of the basic plane.</summary>
    private static int CompareText(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        (char x, char y) = (a[common], b[common]);
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }
}
