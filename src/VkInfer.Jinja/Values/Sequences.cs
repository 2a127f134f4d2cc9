namespace VkInfer.Jinja;

/// <summary>Length, iteration, elements and slices of all values that have them.</summary>
internal static class Sequences
{
    public static bool IsIterable(object? value) => value is string or CollectionValue or DictValue or RangeValue or UndefinedValue;

    /// <summary>All items; reads a generator to its end.</summary>
    public static IReadOnlyList<object?> Iterate(object? value, Budget budget)
    {
        switch (value)
        {
            case GeneratorValue generator: return generator.TakeAll();
            case CollectionValue collection:
                budget.Look(collection.Items.Count);
                return collection.Items;
            case UndefinedValue: return [];
            case DictValue dict:
                budget.Items(dict.Count);
                return [.. dict.Keys];
            case string text:
                budget.Items(text.Length);
                return CodePoints.Split(text);
            case RangeValue range:
                budget.Items(range.Count);
                var numbers = new List<object?>((int)range.Count);
                for (long i = 0L; i < range.Count; i++)
                {
                    numbers.Add(range[i]);
                }

                return numbers;
            default:
                throw JinjaException.Runtime($"'{TypeNames.Of(value)}' object is not iterable");
        }
    }

    public static long Length(object? value, Budget budget)
    {
        switch (value)
        {
            case string text:
                budget.Work(text.Length);
                return CodePoints.Count(text);
            case CollectionValue collection and not GeneratorValue: return collection.Items.Count;
            case DictValue dict: return dict.Count;
            case RangeValue range: return range.Count;
            case UndefinedValue: return 0;
            default: throw JinjaException.Runtime($"object of type '{TypeNames.Of(value)}' has no len()");
        }
    }

    /// <summary>The element at an index, counted from the end where negative; false where there is none.</summary>
    public static bool TryGet(object? value, long index, Budget budget, out object? element)
    {
        element = null;
        if (value is not (string or ListValue or TupleValue or RangeValue))
        {
            return false;
        }

        long count = Length(value, budget);
        index += index < 0 ? count : 0;
        if (index < 0 || index >= count)
        {
            return false;
        }

        element = value switch
        {
            string text when !CodePoints.HasSurrogates(text) => text[(int)index].ToString(),
            string text => Iterate(text, budget)[(int)index],
            RangeValue range => range[index],
            _ => ((CollectionValue)value).Items[(int)index],
        };
        return true;
    }

    /// <summary>Whether a value has slices.</summary>
    public static bool HasSlices(object? value) => value is string or ListValue or TupleValue or RangeValue;

    /// <summary>A slice of a value that has slices.</summary>
    public static object? Slice(object? value, long? start, long? stop, long step, Budget budget)
    {
        if (step == 0)
        {
            throw JinjaException.Runtime("slice step cannot be zero");
        }

        long count = Length(value, budget);
        (long lowest, long highest) = step > 0 ? (0L, count) : (-1L, count - 1);
        long Clamp(long? bound, long whenMissing) => bound is not { } given
            ? whenMissing
            : Math.Clamp(given < 0 ? given + count : given, lowest, highest);
        var range = new RangeValue(Clamp(start, step > 0 ? lowest : highest), Clamp(stop, step > 0 ? highest : lowest), step);
        if (value is RangeValue numbers)
        {
            return new RangeValue(numbers[range.Start], numbers[range.Stop], numbers.Step * step);
        }

        if (value is string text && step == 1 && !CodePoints.HasSurrogates(text))
        {
            budget.Text(range.Count);
            return text.Substring((int)range.Start, (int)range.Count);
        }

        IReadOnlyList<object?> items = Iterate(value, budget);
        budget.Items(range.Count);
        var picked = new List<object?>((int)range.Count);
        for (long i = 0L; i < range.Count; i++)
        {
            picked.Add(items[(int)range[i]]);
        }

        return value switch
        {
            string => string.Concat(picked.Cast<string>()),
            TupleValue => new TupleValue(picked, budget),
            _ => new ListValue(picked, budget),
        };
    }
}
