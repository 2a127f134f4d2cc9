using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>Python's <c>strftime</c> in the C locale.</summary>
internal static class DateFormat
{
    public static string Apply(string format, DateTimeOffset now, Budget budget)
    {
        var text = new TextBuilder(budget);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            char letter = format[++i];
            bool unpadded = letter == '-' && i + 1 < format.Length;
            letter = unpadded ? format[++i] : letter;
            string part = Part(letter, now) ?? $"%{(unpadded ? "-" : "")}{letter}";
            text.Append(unpadded ? Bare(part) : part);
        }

        return text.ToString();
    }

    private static string Bare(string number) =>
        number.TrimStart('0', ' ') is { Length: > 0 } digits ? digits : number.Length > 0 ? "0" : "";

    private static string? Part(char letter, DateTimeOffset now)
    {
        string Format(string pattern) => now.ToString(pattern, CultureInfo.InvariantCulture);
        string Number(int value, int digits) =>
            value.ToString("D" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int monday = ((int)now.DayOfWeek + 6) % 7;
        return letter switch
        {
            'Y' => Number(now.Year, 4),
            'y' => Number(now.Year % 100, 2),
            'C' => Number(now.Year / 100, 2),
            'm' => Format("MM"),
            'd' => Format("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'B' => Format("MMMM"),
            'b' or 'h' => Format("MMM"),
            'A' => Format("dddd"),
            'a' => Format("ddd"),
            'H' => Format("HH"),
            'I' => Format("hh"),
            'M' => Format("mm"),
            'S' => Format("ss"),
            'f' => Format("ffffff"),
            'p' => Format("tt"),
            'j' => Number(now.DayOfYear, 3),
            'w' => Number((int)now.DayOfWeek, 1),
            'u' => Number(monday + 1, 1),
            'U' => Number((now.DayOfYear + 6 - (int)now.DayOfWeek) / 7, 2),
            'W' => Number((now.DayOfYear + 6 - monday) / 7, 2),
            'V' => Number(ISOWeek.GetWeekOfYear(now.DateTime), 2),
            'G' => Number(ISOWeek.GetYear(now.DateTime), 4),
            'D' or 'x' => Format("MM/dd/yy"),
            'F' => Format("yyyy-MM-dd"),
            'T' or 'X' => Format("HH:mm:ss"),
            'R' => Format("HH:mm"),
            'r' => Format("hh:mm:ss tt"),
            'c' => $"{Format("ddd MMM")} {now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2)} {Format("HH:mm:ss yyyy")}",
            's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'z' or 'Z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => null,
        };
    }
}
