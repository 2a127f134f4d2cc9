using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>The functions that every template has.</summary>
internal static class GlobalFunctions
{
    private static readonly FrozenDictionary<string, BuiltinFunction> Table = new BuiltinTable
    {
        { "range", "start stop? step?", Range },
        { "namespace", "*", Namespace },
        { "dict", "*", Dict },
        { "cycler", "*", call => new CyclerValue(call.Arguments.Positional) },
        { "joiner", "sep?", call => new JoinerValue(call.Has(0) ? call[0] : ", ") },
        { "raise_exception", "message", call => throw new JinjaException(JinjaErrorKind.Raised, Text.Str(call[0], call.Budget)) },
        { "strftime_now", "format", call => DateFormat.Apply(call.Text(0), call.Context.Options.Clock.GetLocalNow(), call.Budget) },
    }.ToFrozenDictionary(entry => entry.Key, entry => new BuiltinFunction(entry.Value), StringComparer.Ordinal);

    public static bool TryGet(string name, out object? function)
    {
        bool found = Table.TryGetValue(name, out BuiltinFunction? known);
        function = known;
        return found;
    }

    private static RangeValue Range(BuiltinCall call)
    {
        (long start, long stop) = call.Has(1) ? (call.Int(0), call.Int(1)) : (0, call.Int(0));
        long step = call.Int(2, 1);
        RangeValue range = step == 0 ? throw JinjaException.Runtime("range() arg 3 must not be zero") : new RangeValue(start, stop, step);
        return range.Count <= RangeValue.MaxCount
            ? range
            : throw JinjaException.Limit($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({RangeValue.MaxCount}).");
    }

    private static NamespaceValue Namespace(BuiltinCall call)
    {
        var space = new NamespaceValue();
        foreach ((object? key, object? value) in Pairs(call))
        {
            space.Variables[Text.Str(key, call.Budget)] = value;
        }

        return space;
    }

    private static DictValue Dict(BuiltinCall call) => new(Pairs(call), call.Budget);

    private static IEnumerable<KeyValuePair<object?, object?>> Pairs(BuiltinCall call)
    {
        IEnumerable<KeyValuePair<object?, object?>> first = call.Arguments.Positional switch
        {
            [] => [],
            [DictValue dict] => dict.Entries,
            [UndefinedValue undefined] => throw undefined.Error(),
            [var items] => Sequences.Iterate(items, call.Budget).Select(item => Pair(item, call.Budget)),
            _ => throw JinjaException.Runtime($"dict expected at most 1 argument, got {call.Arguments.Positional.Count}"),
        };
        return first.Concat(call.Arguments.Named.Select(pair => KeyValuePair.Create((object?)pair.Key, pair.Value)));
    }

    private static KeyValuePair<object?, object?> Pair(object? item, Budget budget) =>
        Sequences.Iterate(item, budget) is [var key, var value]
        ? new(key, value)
        : throw JinjaException.Runtime("dictionary update sequence element must have length 2");
}

/// <summary>Gives its values in turn, again and again.</summary>
internal sealed class CyclerValue(List<object?> items)
{
    private int _position;

    private object? Current => items.Count > 0 ? items[_position] : throw JinjaException.Runtime("at least one item has to be provided");

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "current" => Current,
            "next" => new BuiltinFunction(name, _ => Next()),
            "reset" => new BuiltinFunction(name, _ => Reset()),
            _ => null,
        };
        return name is "current" or "next" or "reset";
    }

    private object? Next()
    {
        object? value = Current;
        _position = (_position + 1) % items.Count;
        return value;
    }

    private object? Reset()
    {
        _position = 0;
        return null;
    }
}

/// <summary>Gives nothing when first called, and a separator from then on.</summary>
internal sealed class JoinerValue(object? separator) : ICallable
{
    private bool _used;

    public object? Call(RenderContext context, Arguments arguments)
    {
        object? value = _used ? separator : "";
        _used = true;
        return value;
    }
}
