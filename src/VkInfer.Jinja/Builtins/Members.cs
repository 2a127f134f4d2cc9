using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>What <c>a.b</c> and <c>a[b]</c> find: methods and attributes of the types, and the items of dicts and lists.</summary>
internal static class Members
{
    private static readonly FrozenSet<string> Forbidden = new[]
    {
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary><c>owner.name</c>: an attribute, else an item.</summary>
    public static object? GetAttribute(object? owner, string name, Budget budget) =>
        TryAttribute(owner, name, budget, out object? value) || TryItem(owner, name, budget, out value)
            ? value
            : UndefinedValue.Member(owner, name, budget);

    /// <summary>An attribute that is no item.</summary>
    public static object? GetOwnAttribute(object? owner, string name, Budget budget) =>
        TryAttribute(owner, name, budget, out object? value) ? value : UndefinedValue.Member(owner, name, budget);

    /// <summary><c>owner[key]</c>: an item, else an attribute.</summary>
    public static object? GetItem(object? owner, object? key, Budget budget)
    {
        if (owner is UndefinedValue undefined)
        {
            throw undefined.Error();
        }

        return TryItem(owner, key, budget, out object? value) || (key is string name && TryAttribute(owner, name, budget, out value))
            ? value
            : UndefinedValue.Member(owner, key, budget);
    }

    private static bool TryItem(object? owner, object? key, Budget budget, out object? value)
    {
        switch (owner, key)
        {
            case (DictValue dict, not (ListValue or DictValue)):
                return dict.TryGet(key, out value);
            case (_, long or bool):
                return Sequences.TryGet(owner, Numbers.ToInt(key), budget, out value);
            default:
                value = null;
                return false;
        }
    }

    private static bool TryAttribute(object? owner, string name, Budget budget, out object? value)
    {
        value = null;
        switch (owner)
        {
            case UndefinedValue undefined:
                throw undefined.Error();
            case NamespaceValue space:
                return space.Variables.TryGetValue(name, out value);
            case LoopValue loop:
                value = loop.Get(name, budget);
                return true;
            case CyclerValue cycler:
                return cycler.TryGet(name, out value);
            case MacroValue macro when name == "name":
                value = macro.Name;
                return true;
            case TupleValue tuple when Array.IndexOf(tuple.Names, name) is >= 0 and var index:
                value = tuple.Items[index];
                return true;
        }

        if (Methods(owner) is not { } methods)
        {
            return false;
        }

        if (methods.TryGetValue(name, out Builtin? method))
        {
            value = new BoundMethod(owner, method);
            return true;
        }

        if (owner is ListValue or DictValue && Forbidden.Contains(name) && !(owner is DictValue && IsListMethod(name)))
        {
            value = new UndefinedValue($"access to attribute '{name}' of '{TypeNames.Of(owner)}' object is unsafe.");
            return true;
        }

        return false;
    }

    private static bool IsListMethod(string name) => name is "append" or "extend" or "insert" or "remove" or "reverse" or "sort";

    private static FrozenDictionary<string, Builtin>? Methods(object? owner) => owner switch
    {
        string => StringMethods.Table,
        DictValue => CollectionMethods.OfDicts,
        ListValue or TupleValue => CollectionMethods.OfLists,
        _ => null,
    };
}
