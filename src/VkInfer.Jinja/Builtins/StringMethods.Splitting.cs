using System.Buffers;

namespace VkInfer.Jinja;

/// <summary>Splitting strings.</summary>
internal static partial class StringMethods
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");

    /// <summary>Splits at a separator, or at runs of blanks where it is null; a negative limit is none.</summary>
    private static List<string> Split(string text, string? separator, long limit, Budget budget, bool fromEnd)
    {
        if (separator is { Length: 0 })
        {
            throw JinjaException.Runtime("empty separator");
        }

        budget.Search(text.Length, separator?.Length ?? 0);
        limit = limit < 0 ? long.MaxValue : limit;
        List<string> parts = (separator, fromEnd) switch
        {
            (null, false) => SplitBlanks(text, limit, budget),
            (null, true) => SplitBlanksFromEnd(text, limit, budget),
            (_, false) => SplitAt(text, separator, limit, budget),
            _ => SplitAtFromEnd(text, separator, limit, budget),
        };
        if (fromEnd)
        {
            parts.Reverse();
        }

        return parts;
    }

    private static List<string> SplitAt(string text, string separator, long limit, Budget budget)
    {
        var parts = new List<string>();
        int start = 0;
        while (parts.Count < limit && text.IndexOf(separator, start, StringComparison.Ordinal) is >= 0 and var at)
        {
            Add(parts, text[start..at], budget);
            start = at + separator.Length;
        }

        Add(parts, text[start..], budget);
        return parts;
    }

    private static List<string> SplitAtFromEnd(string text, string separator, long limit, Budget budget)
    {
        var parts = new List<string>();
        int end = text.Length;
        while (parts.Count < limit && text.AsSpan(0, end).LastIndexOf(separator) is >= 0 and var at)
        {
            Add(parts, text[(at + separator.Length)..end], budget);
            end = at;
        }

        Add(parts, text[..end], budget);
        return parts;
    }

    private static List<string> SplitBlanks(string text, long limit, Budget budget)
    {
        var parts = new List<string>();
        int start = 0;
        while (true)
        {
            while (start < text.Length && Strings.IsSpace(text[start]))
            {
                start++;
            }

            if (start == text.Length)
            {
                return parts;
            }

            int end = parts.Count < limit ? start : text.Length;
            while (end < text.Length && !Strings.IsSpace(text[end]))
            {
                end++;
            }

            Add(parts, text[start..end], budget);
            start = end;
        }
    }

    private static List<string> SplitBlanksFromEnd(string text, long limit, Budget budget)
    {
        var parts = new List<string>();
        int end = text.Length;
        while (true)
        {
            while (end > 0 && Strings.IsSpace(text[end - 1]))
            {
                end--;
            }

            if (end == 0)
            {
                return parts;
            }

            int start = parts.Count < limit ? end : 0;
            while (start > 0 && !Strings.IsSpace(text[start - 1]))
            {
                start--;
            }

            Add(parts, text[start..end], budget);
            end = start;
        }
    }

    public static List<string> SplitLines(string text, bool keepEnds, Budget budget)
    {
        var parts = new List<string>();
        for (int start = 0; start < text.Length;)
        {
            int length = text.AsSpan(start).IndexOfAny(LineEnds);
            int end = length < 0 ? text.Length : start + length;
            int next = length < 0 ? end : end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
            Add(parts, text[start..(keepEnds ? next : end)], budget);
            start = next;
        }

        return parts;
    }

    private static TupleValue Partition(BuiltinCall call, bool fromEnd)
    {
        (string text, string separator) = (Self(call), call.Text(0));
        if (separator.Length == 0)
        {
            throw JinjaException.Runtime("empty separator");
        }

        call.Budget.Search(text.Length, separator.Length);
        int at = fromEnd ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        List<object?> parts = at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]]
            : fromEnd ? ["", "", text] : [text, "", ""];
        return new TupleValue(parts, call.Budget);
    }

    private static void Add(List<string> parts, string part, Budget budget)
    {
        budget.Items(1);
        budget.Text(part.Length);
        parts.Add(part);
    }
}
