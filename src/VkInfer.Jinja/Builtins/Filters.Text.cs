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
        table.Add("trim", "chars?", call =>
            StringMethods.Strip(call.TargetText(), call.OptionalText(0), call.Budget, left: true, right: true));
        table.Add("replace", "old new count?", call => StringMethods.Replace(
            call.TargetText(), Text.Str(call[0], call.Budget), Text.Str(call[1], call.Budget),
            call[2] is null ? -1 : call.Int(2), call.Budget));
        table.Add("center", "width?", call => Method("center", call, call.Has(0) ? call[0] : 80L));
        table.Add("format", "*", Format);
        table.Add("indent", "width? first? blank?", Indent);
        table.Add("truncate", "length? killwords? end? leeway?", Truncate);
        table.Add("wordcount", "", call => WordCount(call.TargetText()));
        table.Add("escape e forceescape", "", call => Escape(call.TargetText(), call.Budget));
        table.Add("safe", "", call => call.TargetText());
        table.Add("urlencode", "", UrlEncode);
        table.Add("xmlattr", "autospace?", XmlAttributes);
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
        bool isFirst = true;
        foreach (char character in text)
        {
            result.Append(isFirst ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));
            isFirst = Strings.IsSpace(character) || character is '-' or '(' or '{' or '[' or '<';
        }

        return result.ToString();
    }

    private static string Format(BuiltinCall call)
    {
        (List<object?> positional, bool named) = (call.Arguments.Positional, call.Arguments.HasNamed);
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
        string text = call.Target as string ?? throw ((call.Target as UndefinedValue)?.Error()
            ?? JinjaException.Runtime($"indent needs a str, not {TypeNames.Of(call.Target)}"));
        call.Budget.Work(text.Length);
        string indent = call[0] is string given ? given : call.NewText().Append(' ', call.Int(0, 4)).ToString();
        (bool first, bool blank) = (call.Flag(1), call.Flag(2));
        TextBuilder result = call.NewText();
        List<string> lines = StringMethods.SplitLines(text + "\n", keepEnds: false, call.Budget);
        for (int i = 0; i < lines.Count; i++)
        {
            string line = lines[i];
            result.Append(i == 0 ? "" : "\n");
            if (i == 0 ? first : blank || line.Length > 0)
            {
                result.Append(indent);
            }

            result.Append(line);
        }

        return result.ToString();
    }

    private static object? Truncate(BuiltinCall call)
    {
        (long length, string end) = (call.Int(0, 255), call.Text(2, "..."));
        long kept = length - CodePoints.Count(end);
        if (kept < 0)
        {
            throw JinjaException.Runtime($"expected length >= {CodePoints.Count(end)}, got {length}");
        }

        if (Sequences.Length(call.Target, call.Budget) <= length + call.Int(3, 5))
        {
            return call.Target;
        }

        string text = call.Target as string ?? throw JinjaException.Runtime($"cannot truncate {TypeNames.Of(call.Target)}");
        string cut = (string)Sequences.Slice(text, 0, kept, 1, call.Budget)!;
        int blank = call.Flag(1) ? -1 : cut.LastIndexOf(' ');
        return (blank < 0 ? cut : cut[..blank]) + end;
    }

    private static long WordCount(string text)
    {
        long count = 0L;
        bool inWord = false;
        foreach (char character in text)
        {
            bool isWord = char.IsLetterOrDigit(character) || character == '_';
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return count;
    }

    private static string XmlAttributes(BuiltinCall call)
    {
        DictValue dict = call.Target as DictValue
            ?? throw JinjaException.Runtime($"'{TypeNames.Of(call.Target)}' object has no attribute 'items'");
        TextBuilder result = call.NewText();
        foreach ((object? key, object? value) in dict.Entries.Where(entry => entry.Value is not (null or UndefinedValue)))
        {
            string name = key as string ?? throw JinjaException.Runtime("an attribute's name must be a string");
            if (name.Any(character => Strings.IsSpace(character) || character is '/' or '>' or '='))
            {
                throw JinjaException.Runtime($"Invalid character in attribute name: {Text.Repr(name, call.Budget)}");
            }

            result.Append(result.Length > 0 || call.Flag(0, true) ? " " : "").Append(Escape(name, call.Budget)).Append("=\"");
            result.Append(Escape(Text.Str(value, call.Budget), call.Budget)).Append('"');
        }

        return result.ToString();
    }

    private static string Escape(string text, Budget budget)
    {
        var result = new TextBuilder(budget);
        foreach (char character in text)
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

        IReadOnlyList<object?> pairs = call.Target is DictValue dict ? CollectionMethods.Items(dict, call.Budget) : call.TargetItems();
        TextBuilder result = call.NewText();
        foreach (object? pair in pairs)
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
        foreach (byte code in Encoding.UTF8.GetBytes(text))
        {
            bool isPlain = char.IsAsciiLetterOrDigit((char)code) || safe.Contains((char)code, StringComparison.Ordinal);
            _ = isPlain ? result.Append((char)code) : result.Append($"%{code:X2}");
        }

        return result.ToString();
    }
}
