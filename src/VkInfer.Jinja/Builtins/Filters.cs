using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>The filters: <c>value|name</c>. Those on numbers, text, lists and attributes are in files of their own.</summary>
internal static partial class Filters
{
    private static readonly FrozenDictionary<string, Builtin> Table = CreateTable();

    public static object? Apply(RenderContext context, string name, object? value, Arguments arguments) =>
        Table.TryGetValue(name, out Builtin? filter)
        ? filter.Invoke(context, value, arguments)
        : throw JinjaException.Runtime($"No filter named '{name}'.");

    public static bool Exists(string name) => Table.ContainsKey(name);

    private static FrozenDictionary<string, Builtin> CreateTable()
    {
        var table = new BuiltinTable
        {
            { "default d", "default_value? boolean?", call =>
                call.Target is UndefinedValue || (call.Flag(1) && !Comparison.IsTrue(call.Target))
                    ? (call.Has(0) ? call[0] : "") : call.Target },
            { "string", "", call => call.TargetText() },
            { "tojson", "ensure_ascii? indent? separators? sort_keys?", ToJson },
            { "attr", "name", call => Members.GetOwnAttribute(call.Target, call.Text(0), call.Budget) },
        };
        AddNumbers(table);
        AddText(table);
        AddLists(table);
        AddSelections(table);
        return table.Freeze();
    }

    private static string ToJson(BuiltinCall call)
    {
        string? indent = call[1] switch
        {
            null => null,
            string text => text,
            _ => call.NewText().Append(' ', call.Int(1)).ToString(),
        };
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (call[2] is not null)
        {
            (item, key) = Sequences.Iterate(call[2], call.Budget) is [string first, string second]
                ? (first, second)
                : throw JinjaException.Runtime("separators must be a pair of strings");
        }

        TextBuilder result = call.NewText();
        new JsonText(result, call.Flag(0), indent, item, key, call.Flag(3), call.Budget).Append(call.Target);
        return result.ToString();
    }
}
