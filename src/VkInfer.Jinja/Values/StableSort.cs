namespace VkInfer.Jinja;

/// <summary>Merge sort: stable as Python's, and indifferent to orders that contradict themselves, as NaN makes them.</summary>
internal static class StableSort
{
    /// <summary>Sorts items by Python's order of their keys.</summary>
    public static T[] By<T>(IEnumerable<T> items, Func<T, object?> key, bool isReverse, Budget budget)
    {
        (T Item, object? Key)[] keyed = items.Select(item => (Item: item, Key: key(item))).ToArray();
        var other = new (T Item, object? Key)[keyed.Length];
        for (int width = 1; width < keyed.Length; width *= 2)
        {
            for (int start = 0; start < keyed.Length; start += 2 * width)
            {
                int middle = Math.Min(start + width, keyed.Length);
                (int left, int right, int end) = (start, middle, Math.Min(middle + width, keyed.Length));
                for (int i = start; i < end; i++)
                {
                    bool takesRight = left == middle || (right < end && IsBefore(keyed[right].Key, keyed[left].Key, isReverse, budget));
                    other[i] = keyed[takesRight ? right++ : left++];
                }
            }

            (keyed, other) = (other, keyed);
        }

        return [.. keyed.Select(pair => pair.Item)];
    }

    private static bool IsBefore(object? a, object? b, bool isReverse, Budget budget) =>
        Comparison.Compare(a, b, "<", budget) is { } order && (isReverse ? order > 0 : order < 0);
}
