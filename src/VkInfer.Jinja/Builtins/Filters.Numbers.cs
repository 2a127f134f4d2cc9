using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Filters that make numbers, or text of numbers.</summary>
internal static partial class Filters
{
    private static void AddNumbers(BuiltinTable table)
    {
        table.Add("int", "default? base?", call => Integer(call.Target, call[0], call.Has(0), call.Int(1, 10)));
        table.Add("float", "default?", call => Float(call.Target) ?? (call.Has(0) ? call[0] : 0.0));
        table.Add("abs", "", Absolute);
        table.Add("round", "precision? method?", Round);
        table.Add("filesizeformat", "binary?", FileSize);
    }

    private static object Absolute(BuiltinCall call) => call.Target switch
    {
        double number => Math.Abs(number),
        bool or long => Numbers.ToInt(call.Target) is var integer && integer < 0 ? Numbers.Negate(integer) : integer,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw JinjaException.Runtime($"bad operand type for abs(): '{TypeNames.Of(call.Target)}'"),
    };

    private static object? Integer(object? value, object? fallback, bool hasFallback, long radix)
    {
        switch (value)
        {
            case UndefinedValue undefined: throw undefined.Error();
            case bool or long: return Numbers.ToInt(value);
            case double number when double.IsFinite(number): return Numbers.Truncate(number);
            case string text when TryParseInteger(text, radix, out long parsed): return parsed;
            case string when Float(value) is { } real && double.IsFinite(real): return Numbers.Truncate(real);
            default: return hasFallback ? fallback : 0L;
        }
    }

    private static bool TryParseInteger(string text, long radix, out long value)
    {
        value = 0;
        string digits = Strings.Trim(text).ToLowerInvariant();
        bool isNegative = digits.StartsWith('-');
        digits = digits is ['-' or '+', ..] ? digits[1..] : digits;
        if (digits is ['0', var letter, ..] && (letter, radix) is ('x', 16) or ('o', 8) or ('b', 2))
        {
            digits = digits[2..];
        }

        if (digits.Length == 0 || digits.StartsWith('_') || digits.EndsWith('_') || digits.Contains("__", StringComparison.Ordinal))
        {
            return false;
        }

        Int128 sum = 0;
        foreach (char digit in digits.Where(digit => digit != '_'))
        {
            int number = char.IsAsciiDigit(digit) ? digit - '0' : char.IsAsciiLetter(digit) ? digit - 'a' + 10 : int.MaxValue;
            if (number >= radix)
            {
                return false;
            }

            sum = (sum * radix) + number;
            if (sum > long.MaxValue)
            {
                throw JinjaException.Limit("an integer beyond 64 bits");
            }
        }

        value = (long)(isNegative ? -sum : sum);
        return true;
    }

    private static double? Float(object? value)
    {
        switch (value)
        {
            case UndefinedValue undefined: throw undefined.Error();
            case bool or long or double: return Numbers.ToDouble(value);
            case string text:
                string trimmed = Strings.Trim(text);
                string name = trimmed.TrimStart('+', '-').ToLowerInvariant();
                if (name is "inf" or "infinity" or "nan")
                {
                    return name == "nan" ? double.NaN : trimmed.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
                }

                return trimmed.Any(char.IsAsciiDigit) && double.TryParse(
                    trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed : null;
            default: return null;
        }
    }

    private static object? Round(BuiltinCall call)
    {
        double value = Numbers.Is(call.Target) ? Numbers.ToDouble(call.Target)
            : throw (call.Target as UndefinedValue)?.Error()
                ?? JinjaException.Runtime($"type {TypeNames.Of(call.Target)} doesn't define __round__ method");
        long precision = call.Int(0);
        string method = call.Text(1, "common");
        if (method == "common" && call.Target is not double)
        {
            return precision >= 0 ? Numbers.ToInt(call.Target) : (long)RoundTo(value, precision);
        }

        double factor = Math.Pow(10, precision);
        return method switch
        {
            "common" => RoundTo(value, precision),
            // Python rounds to integers here, which have no negative zero.
            "ceil" => (Math.Ceiling(value * factor) + 0.0) / factor,
            "floor" => (Math.Floor(value * factor) + 0.0) / factor,
            _ => throw JinjaException.Runtime("method must be common, ceil or floor"),
        };
    }

    /// <summary>Rounds what the float stands for exactly, and exact halves to even, as Python does.</summary>
    private static double RoundTo(double value, long precision)
    {
        if (precision > 22 || !double.IsFinite(value))
        {
            return value;
        }

        if (precision <= 0)
        {
            double unit = Math.Pow(10, Math.Min(-precision, 400));
            return double.IsInfinity(unit) ? 0 : Math.Round(value / unit, MidpointRounding.ToEven) * unit;
        }

        return Math.Abs(value) >= 1L << 52 ? value : double.Parse(
            value.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture);
    }

    private static string FileSize(BuiltinCall call)
    {
        double bytes = Float(call.Target) ?? throw JinjaException.Runtime($"could not convert {TypeNames.Of(call.Target)} to float");
        (double unit, string letters) = call.Flag(0) ? (1024.0, "iB") : (1000.0, "B");
        if (bytes == 1)
        {
            return "1 Byte";
        }

        if (bytes < unit)
        {
            return $"{Numbers.Truncate(bytes)} Bytes";
        }

        const string Prefixes = "kMGTPEZY";
        int power = 0;
        while (power < Prefixes.Length - 1 && bytes >= Math.Pow(unit, power + 2))
        {
            power++;
        }

        char prefix = call.Flag(0) ? char.ToUpperInvariant(Prefixes[power]) : Prefixes[power];
        return $"{NumberFormat.Float(bytes / Math.Pow(unit, power + 1), 'f', 1)} {prefix}{letters}";
    }
}
