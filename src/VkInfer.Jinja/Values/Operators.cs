namespace VkInfer.Jinja;

/// <summary>Operators with a value on both sides.</summary>
internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

/// <summary>What the operators do with values of all types.</summary>
internal static class Operators
{
    public static object? Apply(BinaryOperator operation, object? left, object? right, Budget budget)
    {
        switch (operation, left, right)
        {
            case (_, UndefinedValue undefined, _) when !(operation == BinaryOperator.Modulo && left is string): throw undefined.Error();
            case (BinaryOperator.Modulo, string format, _): return PrintfFormat.Apply(format, right, budget);
            case (_, _, UndefinedValue undefined): throw undefined.Error();
            case (_, bool or long or double, bool or long or double): return Numbers.Apply(operation, left, right);
            case (BinaryOperator.Add, string a, string b):
                budget.Text((long)a.Length + b.Length);
                return a + b;
            case (BinaryOperator.Add, ListValue a, ListValue b): return new ListValue(Concatenate(a, b, budget), budget);
            case (BinaryOperator.Add, TupleValue a, TupleValue b): return new TupleValue(Concatenate(a, b, budget), budget);
            case (BinaryOperator.Multiply, string or ListValue or TupleValue, long or bool):
                return Repeat(left, Numbers.ToInt(right), budget);
            case (BinaryOperator.Multiply, long or bool, string or ListValue or TupleValue):
                return Repeat(right, Numbers.ToInt(left), budget);
            case (BinaryOperator.Add, string, _):
                throw JinjaException.Runtime($"can only concatenate str (not \"{TypeNames.Of(right)}\") to str");
            case (BinaryOperator.Add, ListValue or TupleValue, _):
                throw JinjaException.Runtime(
                    $"can only concatenate {TypeNames.Of(left)} (not \"{TypeNames.Of(right)}\") to {TypeNames.Of(left)}");
            case (BinaryOperator.Multiply, string or ListValue or TupleValue, _):
                throw JinjaException.Runtime($"can't multiply sequence by non-int of type '{TypeNames.Of(right)}'");
            default:
                throw JinjaException.Runtime(
                    $"unsupported operand type(s) for {Symbol(operation)}: '{TypeNames.Of(left)}' and '{TypeNames.Of(right)}'");
        }
    }

    public static bool Contains(object? container, object? item, Budget budget)
    {
        switch (container)
        {
            case string text:
                string part = item as string
                    ?? throw JinjaException.Runtime($"'in <string>' requires string as left operand, not {TypeNames.Of(item)}");
                budget.Search(text.Length, part.Length);
                return text.Contains(part, StringComparison.Ordinal);
            case DictValue dict:
                return dict.TryGet(item, out _);
            case RangeValue range when Numbers.Is(item):
                double offset = Numbers.ToDouble(item) - range.Start;
                return offset % range.Step == 0 && offset / range.Step >= 0 && offset / range.Step < range.Count;
            case UndefinedValue or CollectionValue or RangeValue:
                return Sequences.Iterate(container, budget).Any(other => Comparison.AreEqual(other, item, budget));
            default:
                throw JinjaException.Runtime($"argument of type '{TypeNames.Of(container)}' is not iterable");
        }
    }

    private static List<object?> Concatenate(CollectionValue a, CollectionValue b, Budget budget)
    {
        budget.Items((long)a.Items.Count + b.Items.Count);
        return [.. a.Items, .. b.Items];
    }

    private static object Repeat(object? value, long count, Budget budget)
    {
        count = Math.Max(0, count);
        if (value is string text)
        {
            budget.Text((long)Int128.Min((Int128)text.Length * count, long.MaxValue));
            return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : (int)count));
        }

        IReadOnlyList<object?> items = ((CollectionValue)value!).Items;
        budget.Items((long)Int128.Min((Int128)items.Count * count, long.MaxValue));
        var repeated = new List<object?>();
        for (long i = 0L; i < count && items.Count > 0; i++)
        {
            repeated.AddRange(items);
        }

        return value is TupleValue ? new TupleValue(repeated, budget) : new ListValue(repeated, budget);
    }

    private static string Symbol(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.FloorDivide => "//",
        BinaryOperator.Modulo => "%",
        _ => "** or pow()",
    };
}
