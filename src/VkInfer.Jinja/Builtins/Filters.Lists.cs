namespace VkInfer.Jinja;

/// <summary>Filters on lists and dicts as a whole.</summary>
internal static partial class Filters
{
    private static void AddLists(BuiltinTable table)
    {
        table.Add("length count", "", call => Sequences.Length(call.Target, call.Budget));
        table.Add("list", "", call => call.List(call.TargetItems()));
        table.Add("first", "", First);
        table.Add("last", "", Last);
        table.Add("join", "d? attribute?", Join);
        table.Add("reverse", "", call => call.Target is string
            ? Sequences.Slice(call.Target, null, null, -1, call.Budget)
            : call.Generator(call.TargetItems().Reverse()));
        table.Add("items", "", call => call.Target switch
        {
            UndefinedValue => call.Generator([]),
            DictValue dict => call.Generator(CollectionMethods.Items(dict, call.Budget)),
            _ => throw JinjaException.Runtime("Can only get item pairs from a mapping."),
        });
        table.Add("batch", "linecount fill_with?", Batch);
        table.Add("slice", "slices fill_with?", Slice);
        table.Add("dictsort", "case_sensitive? by? reverse?", DictSort);
    }

    private static object? First(BuiltinCall call)
    {
        if (call.Target is GeneratorValue generator)
        {
            return generator.TryTake(out object? item) ? item : Empty("first");
        }

        return call.TargetItems() is [var first, ..] ? first : Empty("first");
    }

    private static object? Last(BuiltinCall call)
    {
        if (call.Target is GeneratorValue)
        {
            throw JinjaException.Runtime("'generator' object is not reversible");
        }

        return call.TargetItems() is [.., var last] ? last : Empty("last");
    }

    private static UndefinedValue Empty(string which) => new($"No {which} item, sequence was empty.");

    private static string Join(BuiltinCall call)
    {
        string separator = call.Has(0) ? Text.Str(call[0], call.Budget) : "";
        Func<object?, Budget, object?>? read = call[1] is null ? null : AttributeReader.Of(call[1]!, null);
        TextBuilder text = call.NewText();
        bool isFirst = true;
        foreach (object? item in call.TargetItems())
        {
            text.Append(isFirst ? "" : separator).Append(Text.Str(read is null ? item : read(item, call.Budget), call.Budget));
            isFirst = false;
        }

        return text.ToString();
    }

    private static GeneratorValue Batch(BuiltinCall call)
    {
        long size = call.Int(0) is > 0 and var given ? given : throw JinjaException.Runtime("batch needs a size above 0");
        var batches = new List<object?>();
        foreach (object?[] chunk in call.TargetItems().Chunk((int)Math.Min(size, int.MaxValue)))
        {
            List<object?> items = chunk.ToList();
            if (call[1] is not null)
            {
                call.Budget.Items(size - items.Count);
                items.AddRange(Enumerable.Repeat(call[1], (int)(size - items.Count)));
            }

            batches.Add(call.List(items));
        }

        return call.Generator(batches);
    }

    private static GeneratorValue Slice(BuiltinCall call)
    {
        IReadOnlyList<object?> items = call.TargetItems();
        long count = call.Int(0) is > 0 and var given ? given : throw JinjaException.Runtime("slice needs a number above 0");
        call.Budget.Items(count);
        (long size, long larger) = (items.Count / count, items.Count % count);
        var slices = new List<object?>();
        int start = 0;
        for (int i = 0; i < count; i++)
        {
            int length = (int)size + (i < larger ? 1 : 0);
            var slice = items.Skip(start).Take(length).ToList();
            start += length;
            if (call[1] is not null && i >= larger)
            {
                slice.Add(call[1]);
            }

            slices.Add(call.List(slice));
        }

        return call.Generator(slices);
    }

    private static ListValue DictSort(BuiltinCall call)
    {
        DictValue dict = call.Target as DictValue ?? throw JinjaException.Runtime("dictsort needs a mapping");
        int position = call.Text(1, "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw JinjaException.Runtime("You can only sort by either \"key\" or \"value\""),
        };
        return Sort(call, CollectionMethods.Items(dict, call.Budget),
            (pair, _) => ((TupleValue)pair!).Items[position], call.Flag(0), call.Flag(2));
    }

    /// <summary>Sorts by a key; equal ones keep their order.</summary>
    private static ListValue Sort(
        BuiltinCall call, IEnumerable<object?> items, Func<object?, Budget, object?> read, bool isCaseSensitive, bool isReverse) =>
        call.List(StableSort.By(items, item => Folded(read(item, call.Budget), isCaseSensitive, call.Budget), isReverse, call.Budget));

    /// <summary>A key as it is compared: text in lower case, unless case counts.</summary>
    private static object? Folded(object? key, bool isCaseSensitive, Budget budget)
    {
        switch (key)
        {
            case string text when !isCaseSensitive:
                budget.Text(text.Length);
                return text.ToLowerInvariant();
            case TupleValue tuple when !isCaseSensitive:
                return new TupleValue([.. tuple.Items.Select(item => Folded(item, isCaseSensitive, budget))], budget);
            default:
                return key;
        }
    }
}
