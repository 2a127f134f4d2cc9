using System.Globalization;

namespace VkInfer.Jinja;

/// <summary>
/// Python's <c>str.format</c>: fields with an index or a name, attributes and items, <c>!r</c> and <c>!s</c>, and format specifications.
/// </summary>
internal static class FormatMethod
{
    public static string Apply(string format, Arguments arguments, Budget budget) =>
        new Formatter(arguments, budget).Format(format, depth: 0);

    private sealed class Formatter(Arguments arguments, Budget budget)
    {
        private int _nextIndex;
        private bool? _isNumbered;

        public string Format(string format, int depth)
        {
            if (depth > 1)
            {
                throw JinjaException.Runtime("Max string recursion exceeded");
            }

            var text = new TextBuilder(budget);
            for (int i = 0; i < format.Length; i++)
            {
                char character = format[i];
                if (character is '{' or '}' && i + 1 < format.Length && format[i + 1] == character)
                {
                    text.Append(character);
                    i++;
                }
                else if (character == '{')
                {
                    int end = EndOfField(format, i + 1);
                    text.Append(Field(format[(i + 1)..end], depth));
                    i = end;
                }
                else
                {
                    text.Append(character == '}' ? throw JinjaException.Runtime("Single '}' encountered in format string") : character);
                }
            }

            return text.ToString();
        }

        private static int EndOfField(string format, int start)
        {
            int open = 1;
            for (int i = start; i < format.Length; i++)
            {
                open += format[i] == '{' ? 1 : format[i] == '}' ? -1 : 0;
                if (open == 0)
                {
                    return i;
                }
            }

            throw JinjaException.Runtime(
                start == format.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
        }

        private string Field(string field, int depth)
        {
            int end = field.IndexOfAny([':', '!']);
            string name = end < 0 ? field : field[..end];
            char conversion = end >= 0 && field[end] == '!' && end + 1 < field.Length ? field[end + 1] : ' ';
            int colon = conversion == ' ' ? end : end + 2;
            object? value = Value(name);
            string specification = colon >= 0 && colon < field.Length ? Format(field[(colon + 1)..], depth + 1) : "";
            value = conversion switch
            {
                'r' or 'a' => Text.Repr(value, budget),
                's' => Text.Str(value, budget),
                _ => value,
            };
            return FormatSpecification.Parse(specification).Apply(value, budget);
        }

        private object? Value(string name)
        {
            int end = name.IndexOfAny(['.', '[']);
            object? value = Argument(end < 0 ? name : name[..end]);
            for (int i = end < 0 ? name.Length : end; i < name.Length;)
            {
                bool isItem = name[i] == '[';
                int stop = isItem ? name.IndexOf(']', i) : name.IndexOfAny(['.', '['], i + 1);
                stop = stop >= 0 ? stop : isItem ? throw JinjaException.Runtime("Missing ']' in format string") : name.Length;
                string key = name[(i + 1)..stop];
                value = !isItem ? Members.GetAttribute(value, key, budget)
                    : Members.GetItem(
                        value, long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index : key,
                        budget);
                i = isItem ? stop + 1 : stop;
            }

            return value is UndefinedValue undefined && end >= 0 ? throw undefined.Error() : value;
        }

        private object? Argument(string name)
        {
            if (name.Length == 0 || name.All(char.IsAsciiDigit))
            {
                bool isNumbered = name.Length > 0;
                if (_isNumbered is { } before && before != isNumbered)
                {
                    throw JinjaException.Runtime("cannot switch between manual field specification and automatic field numbering");
                }

                _isNumbered = isNumbered;
                int index = name.Length == 0
                    ? _nextIndex++
                    : int.TryParse(name, CultureInfo.InvariantCulture, out int given) ? given : int.MaxValue;
                return index < arguments.Positional.Count
                    ? arguments.Positional[index]
                    : throw JinjaException.Runtime($"Replacement index {index} out of range for positional args tuple");
            }

            return arguments.Named.TryGetValue(name, out object? value)
                ? value
                : throw JinjaException.Runtime($"no argument '{name}' for the format");
        }
    }
}
