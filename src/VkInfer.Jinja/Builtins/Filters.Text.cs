using System.Text;

namespace VkInfer.Jinja;

/// <summary>Filters on text.</summary>
internal static partial class Filters
{
    private static void AddText(BuiltinTable table)
    {
        table.Add("upper", "", call => StringMethods.Upper(call.TargetText()));
        table.Add("lower", "", call => call.TargetText().ToLowerInvariant());
        table.Add("capitalize", "", call => StringMethods.Capitalize(call.TargetText()));
        table.Add("title", "", call => Title(call.TargetText()));
        table.Add("trim", "chars?", call => StringMethods.Strip(call.TargetText(), call.OptionalText(0), call.Budget, left: true, right: true));
        table.Add("replace", "old new count?", call => StringMethods.Replace(
            call.TargetText(), Text.Str(call[0], call.Budget), Text.Str(call[1], call.Budget), call[2] is null ? -1 : call.Int(2), call.Budget));
        table.Add("center", "width?", call => Method("center", call, call.Has(0) ? call[0] : 80L));
        table.Add("format", "*", Format);
        table.Add("indent", "width? first? blank?", Indent);
        table.Add("truncate", "length? killwords? end? leeway?", Truncate);
        table.Add("wordcount", "", call => WordCount(call.TargetText()));
        table.Add("escape e forceescape", "", call => Escape(call));
        table.Add("safe", "", call => call.TargetText());
        table.Add("urlencode", "", UrlEncode);
    }

    private static object? Method(string name, BuiltinCall call, params object?[] values)
    {
        var arguments = new Arguments();
        arguments.Positional.AddRange(values);
        return StringMethods.Table[name].Invoke(call.Context, call.TargetText(), arguments);
    }

    /// <summary>Words begin after blanks, hyphens and opening brackets.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var isFirst = true;
        foreach (var character in text)
        {
            result.Append(isFirst ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));
            isFirst = Strings.IsSpace(character) || character is '-' or '(' or '{' or '[' or '<';
        }

        return result.ToString();
    }

    private static string Format(BuiltinCall call)
    {
        var (positional, named) = (call.Arguments.Positional, call.Arguments.HasNamed);
        if (positional.Count > 0 && named)
        {
            throw JinjaException.Runtime("can't handle positional and keyword arguments at the same time");
        }

        object values = named
            ? new DictValue(call.Arguments.Named.Select(pair => KeyValuePair.Create((object?)pair.Key, pair.Value)), call.Budget)
            : new TupleValue([.. positional], call.Budget);
        return PrintfFormat.Apply(call.TargetText(), values, call.Budget);
    }

    private static string Indent(BuiltinCall call)
    {
        var indent = call[0] is string text ? text : call.NewText().Append(' ', call.Int(0, 4)).ToString();
        var (first, blank) = (call.Flag(1), call.Flag(2));
        var result = call.NewText();
        var lines = call.TargetText().Split('\n');
        call.Budget.Items(lines.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            result.Append(i == 0 ? "" : "\n");
            if (i == 0 ? first : blank || lines[i].Length > 0)
            {
                result.Append(indent);
            }

            result.Append(lines[i]);
        }

        return result.ToString();
    }

    private static string Truncate(BuiltinCall call)
    {
        var text = call.TargetText();
        var (length, end) = (call.Int(0, 255), call.Text(2, "..."));
        var kept = length - CodePoints.Count(end);
        if (kept < 0)
        {
            throw JinjaException.Runtime($"expected length >= {CodePoints.Count(end)}, got {length}");
        }

        if (CodePoints.Count(text) <= length + call.Int(3, 5))
        {
            return text;
        }

        var cut = (string)Sequences.Slice(text, 0, kept, 1, call.Budget)!;
        var blank = call.Flag(1) ? -1 : cut.LastIndexOf(' ');
        return (blank < 0 ? cut : cut[..blank]) + end;
    }

    private static long WordCount(string text)
    {
        var count = 0L;
        var inWord = false;
        foreach (var character in text)
        {
            var isWord = char.IsLetterOrDigit(character) || character == '_';
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return count;
    }

    private static string Escape(BuiltinCall call)
    {
        var result = call.NewText();
        foreach (var character in call.TargetText())
        {
            _ = character switch
            {
                '&' => result.Append("&amp;"),
                '<' => result.Append("&lt;"),
                '>' => result.Append("&gt;"),
                '"' => result.Append("&#34;"),
                '\'' => result.Append("&#39;"),
                _ => result.Append(character),
            };
        }

        return result.ToString();
    }

    private static string UrlEncode(BuiltinCall call)
    {
        if (call.Target is string or UndefinedValue || !Sequences.IsIterable(call.Target))
        {
            return Quote(call.TargetText(), "/", call.Budget);
        }

        var pairs = call.Target is DictValue dict ? CollectionMethods.Items(dict, call.Budget) : call.TargetItems();
        var result = call.NewText();
        foreach (var pair in pairs)
        {
            if (Sequences.Iterate(pair, call.Budget) is not [var key, var value])
            {
                throw JinjaException.Runtime("urlencode needs pairs");
            }

            result.Append(result.Length == 0 ? "" : "&");
            result.Append(Quote(Text.Str(key, call.Budget), "", call.Budget).Replace("%20", "+", StringComparison.Ordinal)).Append('=');
            result.Append(Quote(Text.Str(value, call.Budget), "", call.Budget).Replace("%20", "+", StringComparison.Ordinal));
        }

        return result.ToString();
    }

    private static string Quote(string text, string safe, Budget budget)
    {
        budget.Text(3L * text.Length);
        safe += "_.-~";
        var result = new TextBuilder(budget);
        foreach (var code in Encoding.UTF8.GetBytes(text))
        {
            var isPlain = char.IsAsciiLetterOrDigit((char)code) || safe.Contains((char)code, StringComparison.Ordinal);
            _ = isPlain ? result.Append((char)code) : result.Append($"%{code:X2}");
        }

        return result.ToString();
    }
}
