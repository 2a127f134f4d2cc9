namespace VkInfer.Jinja;

/// <summary>Filters that look at each item of a list, or at one of its attributes.</summary>
internal static partial class Filters
{
    private static void AddSelections(BuiltinTable table)
    {
        table.Add("map", "*", call => call.Generator("sync_do_map", Map(call)));
        table.Add("select", "*", call => Selected(call, withAttribute: false, keep: true));
        table.Add("reject", "*", call => Selected(call, withAttribute: false, keep: false));
        table.Add("selectattr", "*", call => Selected(call, withAttribute: true, keep: true));
        table.Add("rejectattr", "*", call => Selected(call, withAttribute: true, keep: false));
        table.Add("sort", "reverse? case_sensitive? attribute?", call =>
            Sort(call, call.TargetItems(), AttributeReader.OfMany(call[2]), call.Flag(1), call.Flag(0)));
        table.Add("unique", "case_sensitive? attribute?", call => call.Generator("sync_do_unique", Unique(call)));
        table.Add("min", "case_sensitive? attribute?", call => Extreme(call, sign: -1));
        table.Add("max", "case_sensitive? attribute?", call => Extreme(call, sign: 1));
        table.Add("sum", "attribute? start?", Sum);
        table.Add("groupby", "attribute default? case_sensitive?", GroupBy);
    }

    private static IEnumerable<object?> Map(BuiltinCall call)
    {
        // As in jinja2: what is false, whatever it is, gives nothing, and its arguments are not looked at.
        if (!Comparison.IsTrue(call.Target))
        {
            yield break;
        }

        Func<object?, object?> function = MapFunction(call);
        foreach (object? item in call.TargetItems())
        {
            yield return function(item);
        }
    }

    private static Func<object?, object?> MapFunction(BuiltinCall call)
    {
        (List<object?> positional, Dictionary<string, object?> named) = (call.Arguments.Positional, call.Arguments.Named);
        if (positional.Count == 0 && named.Remove("attribute", out object? attribute))
        {
            named.Remove("default", out object? fallback);
            Func<object?, Budget, object?> read = AttributeReader.Of(attribute!, fallback);
            return item => read(item, call.Budget);
        }

        string name = positional is [string filter, ..] ? filter : throw JinjaException.Runtime("map requires a filter argument");
        Arguments rest = Rest(call, 1);
        return item => Apply(call.Context, name, item, rest);
    }

    private static GeneratorValue Selected(BuiltinCall call, bool withAttribute, bool keep) =>
        call.Generator("select_or_reject", Select(call, withAttribute, keep));

    private static IEnumerable<object?> Select(BuiltinCall call, bool withAttribute, bool keep)
    {
        if (!Comparison.IsTrue(call.Target))
        {
            yield break;
        }

        Func<object?, bool> holds = Selection(call, withAttribute);
        foreach (object? item in call.TargetItems())
        {
            if (holds(item) == keep)
            {
                yield return item;
            }
        }
    }

    private static Func<object?, bool> Selection(BuiltinCall call, bool withAttribute)
    {
        List<object?> positional = call.Arguments.Positional;
        int skipped = withAttribute ? 1 : 0;
        Func<object?, Budget, object?> read = !withAttribute ? (item, _) => item
            : positional.Count > 0 ? AttributeReader.Of(positional[0]!, null)
            : throw JinjaException.Runtime("Missing parameter for attribute name");
        if (positional.Count == skipped)
        {
            return item => Comparison.IsTrue(read(item, call.Budget));
        }

        string name = positional[skipped] as string ?? throw JinjaException.Runtime("the name of a test must be a string");
        Arguments rest = Rest(call, skipped + 1);
        return item => Tests.Apply(call.Context, name, read(item, call.Budget), rest);
    }

    /// <summary>The arguments that go on to a filter or a test.</summary>
    private static Arguments Rest(BuiltinCall call, int skipped)
    {
        var rest = new Arguments();
        rest.Positional.AddRange(call.Arguments.Positional.Skip(skipped));
        foreach ((string? name, object? value) in call.Arguments.Named)
        {
            rest.Named[name] = value;
        }

        return rest;
    }

    private static IEnumerable<object?> Unique(BuiltinCall call)
    {
        Func<object?, Budget, object?> read = call[1] is null ? (item, _) => item : AttributeReader.Of(call[1]!, null);
        var seen = new HashSet<DictKey>(new DictKeyComparer(call.Budget));
        foreach (object? item in call.TargetItems())
        {
            if (seen.Add(new DictKey(Folded(read(item, call.Budget), call.Flag(0), call.Budget))))
            {
                yield return item;
            }
        }
    }

    private static object? Extreme(BuiltinCall call, int sign)
    {
        Func<object?, Budget, object?> read = call[1] is null ? (item, _) => item : AttributeReader.Of(call[1]!, null);
        object? best = null;
        object? bestKey = null;
        bool isFirst = true;
        foreach (object? item in call.TargetItems())
        {
            object? key = Folded(read(item, call.Budget), call.Flag(0), call.Budget);
            if (isFirst || Comparison.Compare(key, bestKey, sign < 0 ? "<" : ">", call.Budget) * sign > 0)
            {
                (best, bestKey) = (item, key);
            }

            isFirst = false;
        }

        return isFirst ? new UndefinedValue("No aggregated item, sequence was empty.") : best;
    }

    private static object? Sum(BuiltinCall call)
    {
        Func<object?, Budget, object?> read = call[0] is null ? (item, _) => item : AttributeReader.Of(call[0]!, null);
        object? sum = call.Has(1) ? call[1] : 0L;
        foreach (object? item in call.TargetItems())
        {
            sum = Operators.Apply(BinaryOperator.Add, sum, read(item, call.Budget), call.Budget);
        }

        return sum;
    }

    private static ListValue GroupBy(BuiltinCall call)
    {
        Func<object?, Budget, object?> read = AttributeReader.Of(call[0]!, call[1]);
        bool isCaseSensitive = call.Flag(2);
        object? Key(object? item) => Folded(read(item, call.Budget), isCaseSensitive, call.Budget);
        var groups = new List<(object? Key, List<object?> Items)>();
        foreach (object? item in Sort(call, call.TargetItems(), read, isCaseSensitive, isReverse: false).Items)
        {
            if (groups.Count == 0 || !Comparison.AreEqual(groups[^1].Key, Key(item), call.Budget))
            {
                groups.Add((Key(item), []));
            }

            groups[^1].Items.Add(item);
        }

        return call.List(groups.Select(group => new TupleValue(
            [isCaseSensitive ? group.Key : read(group.Items[0], call.Budget), call.List(group.Items)], call.Budget, "grouper", "list")));
    }
}
