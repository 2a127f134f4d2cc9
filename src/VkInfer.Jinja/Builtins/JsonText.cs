using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Values as Python's <c>json.dumps</c> prints them.</summary>
internal sealed class JsonText(
    TextBuilder text, bool ensureAscii, string? indent, string itemSeparator, string keySeparator, bool sortKeys, Budget budget)
{
    public void Append(object? value, int depth = 0)
    {
        switch (value)
        {
            case null or bool or long or double: text.Append(Scalar(value)); break;
            case string inner: AppendString(inner); break;
            case ListValue or TupleValue: AppendItems(((CollectionValue)value).Items, depth); break;
            case DictValue dict: AppendDict(dict, depth); break;
            default: throw JinjaException.Runtime($"Object of type {TypeNames.Of(value)} is not JSON serializable");
        }
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number when double.IsNaN(number) => "NaN",
        double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
        _ => FloatText.Of((double)value),
    };

    private void AppendItems(IReadOnlyList<object?> items, int depth)
    {
        text.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            BeginItem(i == 0, depth + 1);
            Append(items[i], depth + 1);
        }

        End(items.Count, depth);
        text.Append(']');
    }

    private void AppendDict(DictValue dict, int depth)
    {
        text.Append('{');
        bool isFirst = true;
        foreach ((object? key, object? value) in sortKeys
            ? StableSort.By(dict.Entries, entry => entry.Key, isReverse: false, budget)
            : dict.Entries)
        {
            BeginItem(isFirst, depth + 1);
            isFirst = false;
            AppendString(key as string ?? (key is null or bool or long or double
                ? Scalar(key)
                : throw JinjaException.Runtime($"keys must be str, int, float, bool or None, not {TypeNames.Of(key)}")));
            text.Append(keySeparator);
            Append(value, depth + 1);
        }

        End(dict.Count, depth);
        text.Append('}');
    }

    private void BeginItem(bool isFirst, int depth)
    {
        text.Append(isFirst ? "" : itemSeparator);
        BreakLine(depth);
    }

    private void End(int count, int depth)
    {
        if (count > 0)
        {
            BreakLine(depth);
        }
    }

    private void BreakLine(int depth)
    {
        if (indent is null)
        {
            return;
        }

        text.Append('\n');
        for (int i = 0; i < depth; i++)
        {
            text.Append(indent);
        }
    }

    private void AppendString(string inner)
    {
        text.Append('"');
        int plain = 0;
        for (int i = 0; i < inner.Length; i++)
        {
            if (Escape(inner[i]) is { } escape)
            {
                text.Append(inner.AsSpan(plain, i - plain)).Append(escape);
                plain = i + 1;
            }
        }

        text.Append(inner.AsSpan(plain)).Append('"');
    }

    private string? Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)character:x4}",
        > '~' when ensureAscii => $"\\u{(int)character:x4}",
        _ => null,
    };
}
