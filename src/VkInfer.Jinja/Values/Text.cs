using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Values as Python's <c>str</c> and <c>repr</c> print them.</summary>
internal static class Text
{
    public static string Str(object? value, Budget budget) => value switch
    {
        string text => text,
        UndefinedValue => "",
        _ => Repr(value, budget),
    };

    public static string Repr(object? value, Budget budget)
    {
        switch (value)
        {
            case null: return "None";
            case bool flag: return flag ? "True" : "False";
            case long number: return number.ToString(CultureInfo.InvariantCulture);
            case double number: return FloatText.Of(number);
        }

        var text = new TextBuilder(budget);
        Append(value, text, budget);
        return text.ToString();
    }

    private static void Append(object? value, TextBuilder text, Budget budget)
    {
        switch (value)
        {
            case string inner: Quote(inner, text); break;
            case ListValue list: AppendItems(list.Items, "[", "]", text, budget); break;
            case TupleValue { Items.Count: 1 } tuple: AppendItems(tuple.Items, "(", ",)", text, budget); break;
            case TupleValue tuple: AppendItems(tuple.Items, "(", ")", text, budget); break;
            case DictValue dict: AppendDict(dict, text, budget); break;
            case ViewValue view: AppendItems(view.Items, $"{view.TypeName}([", "])", text, budget); break;
            case RangeValue range:
                text.Append(string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}"));
                text.Append(range.Step == 1 ? ")" : string.Create(CultureInfo.InvariantCulture, $", {range.Step})"));
                break;
            case MacroValue macro:
                text.Append("<Macro ");
                Append(macro.Name, text, budget);
                text.Append('>');
                break;
            case LoopValue loop:
                text.Append(string.Create(CultureInfo.InvariantCulture, $"<LoopContext {loop.Index + 1}/{loop.Count}>"));
                break;
            case GeneratorValue { Function: { } function }: text.Append($"<generator object {function}>"); break;
            case GeneratorValue iterator: text.Append($"<{iterator.TypeName} object>"); break;
            case BoundMethod method: text.Append($"<built-in method {method.Name} of {TypeNames.Of(method.Owner)} object>"); break;
            case null or bool or long or double: text.Append(Repr(value, budget)); break;
            case UndefinedValue: text.Append("Undefined"); break;
            default: text.Append($"<{TypeNames.Of(value)}>"); break;
        }
    }

    private static void AppendItems(IReadOnlyList<object?> items, string open, string close, TextBuilder text, Budget budget)
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            Append(items[i], text, budget);
        }

        text.Append(close);
    }

    private static void AppendDict(DictValue dict, TextBuilder text, Budget budget)
    {
        text.Append('{');
        string separator = "";
        foreach ((object? key, object? value) in dict.Entries)
        {
            text.Append(separator);
            Append(key, text, budget);
            text.Append(": ");
            Append(value, text, budget);
            separator = ", ";
        }

        text.Append('}');
    }

    private static void Quote(string inner, TextBuilder text)
    {
        char quote = inner.Contains('\'', StringComparison.Ordinal) && !inner.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        for (int i = 0; i < inner.Length;)
        {
            int code = CodePoints.At(inner, i);
            int width = CodePoints.Width(inner, i);
            text.Append(code switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when code == quote => $"\\{quote}",
                _ when IsPrintable(inner, i) => inner.AsSpan(i, width),
                < 0x100 => $"\\x{code:x2}",
                < 0x10000 => $"\\u{code:x4}",
                _ => $"\\U{code:x8}",
            });
            i += width;
        }

        text.Append(quote);
    }

    /// <summary>Whether every character prints as itself in a representation.</summary>
    public static bool IsPrintable(string text)
    {
        for (int i = 0; i < text.Length; i += CodePoints.Width(text, i))
        {
            if (!IsPrintable(text, i))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPrintable(string text, int index) => text[index] == ' ' || CharUnicodeInfo.GetUnicodeCategory(text, index)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.SpaceSeparator);
}
