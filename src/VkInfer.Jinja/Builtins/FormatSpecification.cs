using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>What stands after the colon of a format's field: <c>[[fill]align][sign][#][0][width][,][.precision][type]</c>.</summary>
internal sealed record FormatSpecification(
    char Fill, char Align, char Sign, bool Alternate, long Width, char Grouping, int Precision, char Type)
{
    private static readonly FormatSpecification Plain = new(' ', '\0', '\0', false, -1, '\0', -1, '\0');

    public static FormatSpecification Parse(string text)
    {
        int i = 0;
        bool Skip(string any, out char found)
        {
            found = i < text.Length && any.Contains(text[i], StringComparison.Ordinal) ? text[i++] : '\0';
            return found != 0;
        }

        long Number()
        {
            int start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
            {
                i++;
            }

            return start == i ? -1
                : long.TryParse(text.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
                : throw JinjaException.Limit("a width beyond 64 bits");
        }

        char fill = ' ';
        if (text.Length > 1 && "<>=^".Contains(text[1], StringComparison.Ordinal))
        {
            fill = text[i++];
        }

        Skip("<>=^", out char align);
        Skip("+- ", out char sign);
        bool alternate = Skip("#", out _);
        if (Skip("0", out _) && align == 0)
        {
            (fill, align) = ('0', '=');
        }

        long width = Number();
        Skip(",_", out char grouping);
        long precision = Skip(".", out _) ? Number() : -1;
        Skip("bcdeEfFgGnosxX%", out char type);
        return i == text.Length && precision <= NumberFormat.MaxPrecision
            ? new FormatSpecification(fill, align, sign, alternate, width, grouping, (int)precision, type)
            : throw JinjaException.Runtime("Invalid format specifier");
    }

    public string Apply(object? value, Budget budget)
    {
        if (value is not (string or long or double or bool) && (Type != 0 || Width >= 0 || Align != 0))
        {
            throw JinjaException.Runtime($"unsupported format string passed to {TypeNames.Of(value)}.__format__");
        }

        // a bool is a word only where nothing is asked of it
        bool isNumber = value is long or double || (value is bool && this != Plain);
        bool isNegative = isNumber && (value is double number ? double.IsNegative(number) : Numbers.ToInt(value) < 0);
        string sign = isNegative ? "-" : isNumber && Sign is '+' or ' ' ? Sign.ToString() : "";
        string body = isNumber ? NumberBody(value!) : TextBody(value, budget);
        long missing = Width - sign.Length - CodePoints.Count(body);
        char align = Align != 0 ? Align : isNumber ? '>' : '<';
        if (align == '=' && !isNumber)
        {
            align = Align == '=' && Fill == '0' ? '<'
                : throw JinjaException.Runtime("'=' alignment not allowed in string format specifier");
        }

        long left = align switch { '>' => missing, '^' => missing / 2, _ => 0 };
        return new TextBuilder(budget)
            .Append(Fill, left).Append(sign).Append(Fill, align == '=' ? missing : 0).Append(body)
            .Append(Fill, align switch { '<' => missing, '^' => missing - left, _ => 0 })
            .ToString();
    }

    private string TextBody(object? value, Budget budget)
    {
        if (Type is not ('\0' or 's'))
        {
            throw JinjaException.Runtime($"Unknown format code '{Type}' for object of type '{TypeNames.Of(value)}'");
        }

        string text = Text.Str(value, budget);
        return Precision >= 0 ? (string)Sequences.Slice(text, 0, Precision, 1, budget)! : text;
    }

    private string NumberBody(object value)
    {
        if (Type == 's')
        {
            throw JinjaException.Runtime($"Unknown format code 's' for object of type '{TypeNames.Of(value)}'");
        }

        if (Type == 'c')
        {
            return value is long code and >= 0 and < 0x110000 && code is < 0xD800 or > 0xDFFF
                ? char.ConvertFromUtf32((int)code)
                : throw JinjaException.Runtime("%c arg not in range(0x110000)");
        }

        bool asInteger = value is not double && Type is '\0' or 'd' or 'n' or 'b' or 'o' or 'x' or 'X';
        if (asInteger && value is double)
        {
            throw JinjaException.Runtime($"Unknown format code '{Type}' for object of type 'float'");
        }

        string text = asInteger ? NumberFormat.Integer(Numbers.ToInt(value), Type, Alternate)
            : Type == 0 && Precision < 0 ? FloatText.Of(Math.Abs(Numbers.ToDouble(value)))
            : NumberFormat.Float(Numbers.ToDouble(value), Type == 0 ? 'g' : Type, Precision < 0 ? 6 : Precision, Alternate);
        return Grouping == 0 ? text : NumberFormat.Grouped(text, Grouping);
    }
}
