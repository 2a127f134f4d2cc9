using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Python's <c>format % values</c>.</summary>
internal static class PrintfFormat
{
    public static string Apply(string format, object? values, Budget budget)
    {
        var text = new TextBuilder(budget);
        var arguments = new Queue<object?>(values is TupleValue tuple ? tuple.Items : [values]);
        bool anyUsed = false;
        object? Next() =>
            arguments.TryDequeue(out object? value) ? value : throw JinjaException.Runtime("not enough arguments for format string");
        int i = 0;
        while (i < format.Length)
        {
            int percent = format.IndexOf('%', i);
            text.Append(format.AsSpan(i, (percent < 0 ? format.Length : percent) - i));
            if (percent < 0)
            {
                break;
            }

            i = percent + 1;
            string? key = ReadKey(format, ref i);
            anyUsed |= key is not null;
            string flags = ReadWhile(format, ref i, "#0- +");
            long width = ReadNumber(format, ref i, Next);
            long precision = -1L;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = ReadNumber(format, ref i, Next);
            }

            ReadWhile(format, ref i, "hlL");
            char type = i < format.Length ? format[i++] : throw JinjaException.Runtime("incomplete format");
            if (type == '%')
            {
                text.Append('%');
                continue;
            }

            object? value = key is null ? Next() : Lookup(values, key);
            Append(text, value, type, flags, width, precision, budget);
        }

        // whatever can be subscripted passes for a mapping, of which nothing must be used
        if (arguments.Count > 0 && !anyUsed && values is not (DictValue or ListValue or RangeValue or UndefinedValue))
        {
            throw JinjaException.Runtime("not all arguments converted during string formatting");
        }

        return text.ToString();
    }

    private static void Append(TextBuilder text, object? value, char type, string flags, long width, long precision, Budget budget)
    {
        (string sign, string body) = Convert(value, type, precision, flags.Contains('#', StringComparison.Ordinal), budget);
        sign = sign.Length > 0 || type is 's' or 'r' or 'a' or 'c' ? sign
            : flags.Contains('+', StringComparison.Ordinal) ? "+" : flags.Contains(' ', StringComparison.Ordinal) ? " " : "";
        long missing = width - sign.Length - CodePoints.Count(body);
        bool isLeft = flags.Contains('-', StringComparison.Ordinal);
        bool isZero = !isLeft && flags.Contains('0', StringComparison.Ordinal) && type is not ('s' or 'r' or 'a' or 'c');
        text.Append(' ', isLeft || isZero ? 0 : missing).Append(sign).Append('0', isZero ? missing : 0)
            .Append(body).Append(' ', isLeft ? missing : 0);
    }

    private static (string Sign, string Body) Convert(object? value, char type, long precision, bool alternate, Budget budget)
    {
        if (value is UndefinedValue undefined && type is not ('s' or 'r' or 'a'))
        {
            throw undefined.Error();
        }

        switch (type)
        {
            case 's' or 'r' or 'a':
                string text = type == 's' ? Text.Str(value, budget) : Text.Repr(value, budget);
                return ("", precision >= 0 ? (string)Sequences.Slice(text, 0, precision, 1, budget)! : text);
            case 'c':
                return ("", value switch
                {
                    string { Length: > 0 } one when CodePoints.Count(one) == 1 => one,
                    long code and >= 0 and < 0x110000 when code is < 0xD800 or > 0xDFFF => char.ConvertFromUtf32((int)code),
                    _ => throw JinjaException.Runtime("%c requires int or char"),
                });
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                long integer = type is 'd' or 'i' or 'u' && value is double number ? Numbers.Truncate(number)
                    : value is long or bool ? Numbers.ToInt(value)
                    : throw JinjaException.Runtime($"%{type} format: a real number is required, not {TypeNames.Of(value)}");
                string digits = NumberFormat.Integer(integer, type, alternate);
                return (integer < 0 ? "-" : "",
                    precision > digits.Length ? new string('0', Precision(precision) - digits.Length) + digits : digits);
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                double real = Numbers.Is(value) ? Numbers.ToDouble(value)
                    : throw JinjaException.Runtime($"must be real number, not {TypeNames.Of(value)}");
                return (double.IsNegative(real) ? "-" : "",
                    NumberFormat.Float(real, type, precision < 0 ? 6 : Precision(precision), alternate));
            default:
                throw JinjaException.Runtime($"unsupported format character U+{(int)type:X4}");
        }
    }

    private static int Precision(long precision) => precision <= NumberFormat.MaxPrecision
        ? (int)precision
        : throw JinjaException.Limit($"a precision of {precision}; at most {NumberFormat.MaxPrecision} is allowed");

    private static object? Lookup(object? values, string key) => values is not DictValue dict
        ? throw JinjaException.Runtime("format requires a mapping")
        : dict.TryGet(key, out object? value) ? value : throw JinjaException.Runtime($"key '{key}' is missing");

    private static string? ReadKey(string format, ref int i)
    {
        if (i >= format.Length || format[i] != '(')
        {
            return null;
        }

        int end = format.IndexOf(')', i);
        string key = end < 0 ? throw JinjaException.Runtime("incomplete format key") : format[(i + 1)..end];
        i = end + 1;
        return key;
    }

    private static string ReadWhile(string format, ref int i, string characters)
    {
        int start = i;
        while (i < format.Length && characters.Contains(format[i], StringComparison.Ordinal))
        {
            i++;
        }

        return format[start..i];
    }

    private static long ReadNumber(string format, ref int i, Func<object?> next)
    {
        if (i < format.Length && format[i] == '*')
        {
            i++;
            return next() is long width ? width : throw JinjaException.Runtime("* wants int");
        }

        string digits = ReadWhile(format, ref i, "0123456789");
        return digits.Length == 0 ? 0
            : long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
            : throw JinjaException.Limit("a width beyond 64 bits");
    }
}
