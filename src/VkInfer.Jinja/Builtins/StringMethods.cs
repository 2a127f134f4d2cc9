using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace VkInfer.Jinja;

/// <summary>The methods of strings.</summary>
internal static partial class StringMethods
{
    public static FrozenDictionary<string, Builtin> Table { get; } = new BuiltinTable
    {
        { "strip", "chars?", call => Strip(Self(call), call.OptionalText(0), call.Budget, left: true, right: true) },
        { "lstrip", "chars?", call => Strip(Self(call), call.OptionalText(0), call.Budget, left: true, right: false) },
        { "rstrip", "chars?", call => Strip(Self(call), call.OptionalText(0), call.Budget, left: false, right: true) },
        { "split", "sep? maxsplit?", call =>
            call.List(Split(Self(call), call.OptionalText(0), call.Int(1, -1), call.Budget, fromEnd: false)) },
        { "rsplit", "sep? maxsplit?", call =>
            call.List(Split(Self(call), call.OptionalText(0), call.Int(1, -1), call.Budget, fromEnd: true)) },
        { "splitlines", "keepends?", call => call.List(SplitLines(Self(call), call.Flag(0), call.Budget)) },
        { "partition", "sep", call => Partition(call, fromEnd: false) },
        { "rpartition", "sep", call => Partition(call, fromEnd: true) },
        { "startswith", "prefix start? end?", call => Affix(call, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal)) },
        { "endswith", "suffix start? end?", call => Affix(call, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal)) },
        { "removeprefix", "prefix", call => RemoveAffix(Self(call), prefix: call.Text(0), suffix: "") },
        { "removesuffix", "suffix", call => RemoveAffix(Self(call), prefix: "", suffix: call.Text(0)) },
        { "replace", "old new count?", call => Replace(Self(call), call.Text(0), call.Text(1), call.Int(2, -1), call.Budget) },
        { "find", "sub start? end?", call => Find(call, fromEnd: false) },
        { "rfind", "sub start? end?", call => Find(call, fromEnd: true) },
        { "index", "sub start? end?", call => Found(Find(call, fromEnd: false)) },
        { "rindex", "sub start? end?", call => Found(Find(call, fromEnd: true)) },
        { "count", "sub start? end?", Count },
        { "join", "iterable", call => Join(Self(call), call) },
        { "format", "*", call => FormatMethod.Apply(Self(call), call.Arguments, call.Budget) },
        { "upper", "", call => Upper(Self(call)) },
        { "lower", "", call => Self(call).ToLowerInvariant() },
        { "casefold", "", call => Self(call).ToLowerInvariant().Replace("ß", "ss", StringComparison.Ordinal) },
        { "capitalize", "", call => Capitalize(Self(call)) },
        { "title", "", call => Title(Self(call)) },
        { "swapcase", "", call =>
            string.Concat(Self(call).Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))) },
        { "ljust", "width fillchar?", call => Pad(call, (_, _) => 0) },
        { "rjust", "width fillchar?", call => Pad(call, (missing, _) => missing) },
        { "center", "width fillchar?", call => Pad(call, (missing, width) => (missing / 2) + (missing & width & 1)) },
        { "zfill", "width", ZeroFill },
        { "expandtabs", "tabsize?", ExpandTabs },
        { "isalpha", "", call => All(call, Rune.IsLetter) },
        { "isdigit", "", call => All(call, Rune.IsDigit) },
        { "isdecimal", "", call => All(call, Rune.IsDigit) },
        { "isnumeric", "", call => All(call, Rune.IsNumber) },
        { "isalnum", "", call => All(call, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune)) },
        { "isspace", "", call => Self(call).Length > 0 && Strings.IsBlank(Self(call)) },
        { "isupper", "", call => Self(call).Any(char.IsUpper) && !Self(call).Any(char.IsLower) },
        { "islower", "", call => Self(call).Any(char.IsLower) && !Self(call).Any(char.IsUpper) },
        { "istitle", "", call => Self(call).Any(char.IsLetter) && Title(Self(call)) == Self(call) },
        { "isprintable", "", call => Text.IsPrintable(Self(call)) },
        { "isascii", "", call => Ascii.IsValid(Self(call)) },
        { "isidentifier", "", call => IsIdentifier(Self(call)) },
    }.Freeze();

    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal);

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        int width = CodePoints.Width(text, 0);
        return text[..width].ToUpperInvariant() + text[width..].ToLowerInvariant();
    }

    public static string Strip(string text, string? characters, Budget budget, bool left, bool right)
    {
        budget.Search(text.Length, characters?.Length ?? 0);
        bool Goes(char c) => characters is null ? Strings.IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
        (int start, int end) = (0, text.Length);
        while (left && start < end && Goes(text[start]))
        {
            start++;
        }

        while (right && end > start && Goes(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    public static string Replace(string text, string old, string replacement, long count, Budget budget)
    {
        budget.Search(text.Length, old.Length);
        var result = new TextBuilder(budget);
        int position = 0;
        for (; count != 0; count--)
        {
            // an empty text is found before each character, and at the end
            int found = old.Length > 0 ? text.IndexOf(old, position, StringComparison.Ordinal) : position;
            if (found < 0)
            {
                break;
            }

            result.Append(text.AsSpan(position, found - position)).Append(replacement);
            position = found + old.Length;
            if (old.Length == 0)
            {
                if (position >= text.Length)
                {
                    break;
                }

                int width = CodePoints.Width(text, position);
                result.Append(text.AsSpan(position, width));
                position += width;
            }
        }

        return result.Append(text.AsSpan(position)).ToString();
    }

    /// <summary>Letters after anything that has no case become upper case, all others lower.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (char character in text)
        {
            result.Append(inWord ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));
            inWord = char.IsUpper(character) || char.IsLower(character)
                || char.GetUnicodeCategory(character) == UnicodeCategory.TitlecaseLetter;
        }

        return result.ToString();
    }

    private static string RemoveAffix(string text, string prefix, string suffix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) && text.EndsWith(suffix, StringComparison.Ordinal)
            ? text[prefix.Length..^suffix.Length]
            : text;

    private static bool IsIdentifier(string text) =>
        text.Length > 0 && !char.IsDigit(text[0]) && text.All(character => character == '_' || char.IsLetterOrDigit(character));

    private static string Self(BuiltinCall call)
    {
        string text = (string)call.Target!;
        call.Budget.Work(text.Length);
        return text;
    }

    private static bool Affix(BuiltinCall call, Func<string, string, bool> matches)
    {
        string text = Part(call, out _);
        return call[0] switch
        {
            string affix => matches(text, affix),
            TupleValue affixes => affixes.Items.Any(affix =>
            {
                call.Budget.Work(text.Length);
                return matches(text, affix as string ?? throw WrongAffix(call.Target, affix));
            }),
            UndefinedValue undefined => throw undefined.Error(),
            var other => throw WrongAffix(call.Target, other),
        };
    }

    private static JinjaException WrongAffix(object? text, object? affix) => JinjaException.Runtime(
        $"startswith and endswith of {TypeNames.Of(text)} need a str or a tuple of str, not {TypeNames.Of(affix)}");

    private static long Find(BuiltinCall call, bool fromEnd)
    {
        string text = Part(call, out int offset);
        call.Budget.Search(text.Length, call.Text(0).Length);
        int found = fromEnd
            ? text.LastIndexOf(call.Text(0), StringComparison.Ordinal)
            : text.IndexOf(call.Text(0), StringComparison.Ordinal);
        return found < 0 ? -1 : offset + CodePoints.Before(text, found);
    }

    private static long Found(long index) => index >= 0 ? index : throw JinjaException.Runtime("substring not found");

    private static object? Count(BuiltinCall call)
    {
        string text = Part(call, out _);
        string part = call.Text(0);
        call.Budget.Search(text.Length, part.Length);
        if (part.Length == 0)
        {
            return CodePoints.Count(text) + 1L;
        }

        long count = 0L;
        for (int at = text.IndexOf(part, StringComparison.Ordinal); at >= 0;
            at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    /// <summary>The text between the second and the third argument, and how many characters come before it.</summary>
    private static string Part(BuiltinCall call, out int offset)
    {
        string text = Self(call);
        if (call[1] is null && call[2] is null)
        {
            offset = 0;
            return text;
        }

        (offset, int stop) = CollectionMethods.Span(call, 1, CodePoints.Count(text));
        return (string)Sequences.Slice(text, offset, Math.Max(offset, stop), 1, call.Budget)!;
    }

    private static string Join(string separator, BuiltinCall call)
    {
        TextBuilder text = call.NewText();
        IReadOnlyList<object?> items = Sequences.Iterate(call[0], call.Budget);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "" : separator).Append(items[i] as string
                ?? throw JinjaException.Runtime($"sequence item {i}: expected str instance, {TypeNames.Of(items[i])} found"));
        }

        return text.ToString();
    }

    /// <summary>Fills up to a width; a function says how many of the characters that are missing to the width come first.</summary>
    private static string Pad(BuiltinCall call, Func<long, long, long> left)
    {
        string text = Self(call);
        string fill = call.Text(1, " ");
        long width = call.Int(0);
        long missing = Math.Max(0, width - CodePoints.Count(text));
        if (fill.Length != 1)
        {
            throw JinjaException.Runtime("The fill character must be exactly one character long");
        }

        long before = left(missing, width);
        return call.NewText().Append(fill[0], before).Append(text).Append(fill[0], missing - before).ToString();
    }

    private static string ZeroFill(BuiltinCall call)
    {
        string text = Self(call);
        int sign = text is ['+' or '-', ..] ? 1 : 0;
        return call.NewText().Append(text.AsSpan(0, sign)).Append('0', call.Int(0) - CodePoints.Count(text))
            .Append(text.AsSpan(sign)).ToString();
    }

    private static string ExpandTabs(BuiltinCall call)
    {
        TextBuilder result = call.NewText();
        long size = call.Int(0, 8);
        long column = 0L;
        foreach (char character in Self(call))
        {
            if (character == '\t')
            {
                long blanks = size > 0 ? size - (column % size) : 0;
                result.Append(' ', blanks);
                column += blanks;
            }
            else
            {
                result.Append(character);
                column = character is '\n' or '\r' ? 0 : column + 1;
            }
        }

        return result.ToString();
    }

    private static bool All(BuiltinCall call, Func<Rune, bool> holds)
    {
        string text = Self(call);
        return text.Length > 0 && text.EnumerateRunes().All(holds);
    }
}
