using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>The methods of dicts, lists and tuples that do not change them.</summary>
internal static class CollectionMethods
{
    public static FrozenDictionary<string, Builtin> OfDicts { get; } = new BuiltinTable
    {
        { "items", "", call => new ViewValue("dict_items", Items(Dict(call), call.Budget), call.Budget) },
        { "keys", "", call => new ViewValue("dict_keys", [.. Dict(call).Keys], call.Budget) },
        { "values", "", call => new ViewValue("dict_values", [.. Dict(call).Values], call.Budget) },
        { "get", "key default?", call => Dict(call).TryGet(call[0], out object? value) ? value : call[1] },
        { "copy", "", call => call.Target },
    }.Freeze();

    public static FrozenDictionary<string, Builtin> OfLists { get; } = new BuiltinTable
    {
        { "index", "value start? stop?", Index },
        { "count", "value", call => (long)call.TargetItems().Count(item => Comparison.AreEqual(item, call[0], call.Budget)) },
        { "copy", "", call => call.Target },
    }.Freeze();

    /// <summary>The entries of a dict as pairs.</summary>
    public static List<object?> Items(DictValue dict, Budget budget) =>
        [.. dict.Entries.Select(entry => new TupleValue([entry.Key, entry.Value], budget))];

    private static DictValue Dict(BuiltinCall call) => (DictValue)call.Target!;

    private static object? Index(BuiltinCall call)
    {
        IReadOnlyList<object?> items = call.TargetItems();
        (int start, int stop) = Span(call, 1, items.Count);
        for (int i = start; i < stop; i++)
        {
            if (Comparison.AreEqual(items[i], call[0], call.Budget))
            {
                return (long)i;
            }
        }

        throw JinjaException.Runtime($"{Text.Repr(call[0], call.Budget)} is not in {TypeNames.Of(call.Target)}");
    }

    /// <summary>A start and a stop as Python reads them, clamped to a length; the start is the argument at an index.</summary>
    public static (int Start, int Stop) Span(BuiltinCall call, int index, int length)
    {
        int Clamp(int argument, int fallback) => call[argument] is null
            ? fallback
            : (int)Math.Clamp(call.Int(argument) is var given && given < 0 ? given + length : given, 0, length);
        return (Clamp(index, 0), Clamp(index + 1, length));
    }
}
