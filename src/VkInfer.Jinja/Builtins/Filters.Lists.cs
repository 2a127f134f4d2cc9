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
        table.Add("reverse", "", Reverse);
        table.Add("items", "", call => call.Generator("do_items", Items(call)));
        table.Add("batch", "linecount fill_with?", call => call.Generator("do_batch", Batches(call)));
        table.Add("slice", "slices fill_with?", call => call.Generator("sync_do_slice", Slices(call)));
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
        if (call.Target is GeneratorValue generator)
        {
            throw JinjaException.Runtime($"'{generator.TypeName}' object is not reversible");
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

    private static object? Reverse(BuiltinCall call) => call.Target switch
    {
        string => Sequences.Slice(call.Target, null, null, -1, call.Budget),
        GeneratorValue => call.List(call.TargetItems().Reverse()),
        _ => GeneratorValue.Of(null, call.TargetItems().Reverse(), call.Budget, ReversedType(call.Target)),
    };

    /// <summary>What Python's <c>reversed</c> makes of a value.</summary>
    private static string ReversedType(object? value) => value switch
    {
        ListValue => "list_reverseiterator",
        DictValue => "dict_reversekeyiterator",
        RangeValue => "range_iterator",
        ViewValue view => $"dict_reverse{view.TypeName["dict_".Length..].TrimEnd('s')}iterator",
        _ => "reversed",
    };

    private static IEnumerable<object?> Items(BuiltinCall call)
    {
        if (call.Target is UndefinedValue)
        {
            yield break;
        }

        DictValue dict = call.Target as DictValue ?? throw JinjaException.Runtime("Can only get item pairs from a mapping.");
        foreach (object? item in CollectionMethods.Items(dict, call.Budget))
        {
            yield return item;
        }
    }

    private static IEnumerable<object?> Batches(BuiltinCall call)
    {
        var items = new List<object?>();
        foreach (object? item in call.TargetItems())
        {
            if (Comparison.AreEqual((long)items.Count, call[0], call.Budget))
            {
                yield return call.List(items);
                items = [];
            }

            items.Add(item);
        }

        if (items.Count == 0)
        {
            yield break;
        }

        if (call[1] is not null && Comparison.Compare((long)items.Count, call[0], "<", call.Budget) < 0)
        {
            int missing = (int)Math.Min(call.Int(0) - items.Count, int.MaxValue);
            call.Budget.Items(missing);
            items.AddRange(Enumerable.Repeat(call[1], missing));
        }

        yield return call.List(items);
    }

    private static IEnumerable<object?> Slices(BuiltinCall call)
    {
        IReadOnlyList<object?> items = call.TargetItems();
        long count = call.Int(0);
        if (count == 0)
        {
            throw JinjaException.Runtime("integer division or modulo by zero");
        }

        call.Budget.Items(Math.Max(0, count));
        (long size, long larger) = (items.Count / count, items.Count % count);
        int start = 0;
        for (long i = 0; i < count; i++)
        {
            int length = (int)size + (i < larger ? 1 : 0);
            var slice = items.Skip(start).Take(length).ToList();
            start += length;
            if (call[1] is not null && i >= larger)
            {
                slice.Add(call[1]);
            }

            yield return call.List(slice);
        }
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
