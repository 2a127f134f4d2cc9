using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Numbers as Python writes them, with underscores between digits.</summary>
internal static class NumberLiteral
{
    /// <summary>Reads digits with a fraction, an exponent, or both; false where there is neither.</summary>
    public static bool TryReadFloat(string source, int start, out int end, out double value)
    {
        value = 0;
        end = Digits(source, start, 10);
        int whole = end;
        if (At(source, end) == '.' && Digits(source, end + 1, 10) is var fraction && fraction > end + 1)
        {
            end = fraction;
        }

        if (At(source, end) is 'e' or 'E')
        {
            int exponent = end + (At(source, end + 1) is '+' or '-' ? 2 : 1);
            end = Digits(source, exponent, 10) is var digits && digits > exponent ? digits : end;
        }

        return end > whole && double.TryParse(
            source.AsSpan(start, end - start).ToString().Replace("_", "", StringComparison.Ordinal),
            NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Reads an integer and returns where it ends; null where it exceeds 64 bits.</summary>
    public static int ReadInteger(string source, int start, out long? value)
    {
        int radix = At(source, start) != '0'
            ? 10
            : char.ToLowerInvariant(At(source, start + 1)) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        int digits = start + (radix == 10 ? 0 : 2);
        int end = Digits(source, digits, radix);
        if (end == digits)
        {
            // 0x without digits: a zero, and a name after it
            (radix, digits, end) = (10, start, start + 1);
        }

        value = 0;
        foreach (char digit in source.AsSpan(digits, end - digits))
        {
            if (digit != '_')
            {
                Int128 next = (Int128)value!.Value * radix + Convert.ToInt32(digit.ToString(), 16);
                if (next > long.MaxValue)
                {
                    value = null;
                    break;
                }

                value = (long)next;
            }
        }

        return end;
    }

    private static int Digits(string source, int start, int radix)
    {
        int end = start;
        while (IsDigit(At(source, end), radix) || (end > start && At(source, end) == '_' && IsDigit(At(source, end + 1), radix)))
        {
            end++;
        }

        return end;
    }

    private static bool IsDigit(char character, int radix) =>
        radix == 16 ? char.IsAsciiHexDigit(character) : character >= '0' && character < '0' + radix;

    private static char At(string source, int index) => index < source.Length ? source[index] : '\0';
}
