using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Numbers in the notations of Python's format strings.</summary>
internal static class NumberFormat
{
    /// <summary>The most digits after the point that a format may ask for.</summary>
    public const int MaxPrecision = 1000;

    /// <summary>The magnitude of a float; the caller adds the sign.</summary>
    public static string Float(double value, char type, int precision, bool alternate = false)
    {
        value = Math.Abs(value);
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : "inf";
        }

        if (precision > MaxPrecision)
        {
            throw JinjaException.Limit($"a precision of {precision}; at most {MaxPrecision} is allowed");
        }

        return char.ToLowerInvariant(type) switch
        {
            'e' => Exponent(value, type, precision),
            'g' => General(value, type, Math.Max(1, precision), alternate),
            '%' => Fixed(value * 100, precision) + "%",
            _ => Fixed(value, precision),
        };
    }

    /// <summary>The magnitude of an integer: d, x, X, o or b.</summary>
    public static string Integer(long value, char type, bool withPrefix)
    {
        UInt128 magnitude = value < 0 ? (UInt128)(-(Int128)value) : (UInt128)value;
        return type switch
        {
            'x' => (withPrefix ? "0x" : "") + magnitude.ToString("x", CultureInfo.InvariantCulture),
            'X' => (withPrefix ? "0X" : "") + magnitude.ToString("X", CultureInfo.InvariantCulture),
            'b' => (withPrefix ? "0b" : "") + magnitude.ToString("b", CultureInfo.InvariantCulture),
            'o' => (withPrefix ? "0o" : "") + Octal(magnitude),
            _ => magnitude.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Puts a separator between each three digits before the point.</summary>
    public static string Grouped(string number, char separator)
    {
        int digits = 0;
        while (digits < number.Length && char.IsAsciiDigit(number[digits]))
        {
            digits++;
        }

        for (int at = digits - 3; at > 0; at -= 3)
        {
            number = number.Insert(at, separator.ToString());
        }

        return number;
    }

    private static string Fixed(double value, int precision) =>
        value.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Exponent(double value, char letter, int precision)
    {
        string text = value.ToString(
            (letter is 'E' or 'G' ? "E" : "e") + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int at = text.IndexOfAny(['e', 'E']) + 2;
        return text[..at] + text[at..].TrimStart('0').PadLeft(2, '0');
    }

    private static string General(double value, char letter, int precision, bool alternate)
    {
        string scientific = Exponent(value, letter, precision - 1);
        int at = scientific.IndexOfAny(['e', 'E']);
        int exponent = int.Parse(scientific.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision)
        {
            return (alternate ? scientific[..at] : Bare(scientific[..at])) + scientific[at..];
        }

        string text = Fixed(value, precision - 1 - exponent);
        return alternate ? text : Bare(text);
    }

    private static string Bare(string number) =>
        number.Contains('.', StringComparison.Ordinal) ? number.TrimEnd('0').TrimEnd('.') : number;

    private static string Octal(UInt128 value)
    {
        string digits = "";
        do
        {
            digits = (char)('0' + (int)(value & 7)) + digits;
            value >>= 3;
        }
        while (value != 0);

        return digits;
    }
}
