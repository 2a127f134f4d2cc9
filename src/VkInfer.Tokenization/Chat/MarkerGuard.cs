using System.Text;
using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>
/// Keeps what people write apart from what a template writes: a mark within the texts of markers, as <c>&lt;|im_end|&gt;</c>, keeps
/// the tokenizer from recognising them. The tokenizer drops the mark, so that the text is encoded as ordinary text.
/// </summary>
internal readonly struct MarkerGuard(TemplateTokens tokens, bool isOfModel = false)
{
    /// <summary>A code point that Unicode keeps for use inside programs; no text has it.</summary>
    public const char Mark = '\uFDD0';

    /// <summary>The same, where what is before and behind must not be merged either, since merging would make the marker.</summary>
    public const char Cut = '\uFDD1';

    /// <summary>
    /// Begins a marker of one character, which has no inside: its number follows, in hexadecimal digits from <see cref="Zero"/> on.
    /// </summary>
    private const char Hidden = '\uFDD2';
    private const char Zero = '\uFDE0';
    private const int Digits = 6;

    /// <summary>Whether a text has anything of a guard in it.</summary>
    public static bool IsMarked(ReadOnlySpan<char> text) => text.IndexOfAnyInRange(Mark, Hidden) >= 0;

    /// <summary>Takes the marks out; what is returned is to be encoded part by part, without merging across their ends.</summary>
    public static IEnumerable<string> Unmark(ReadOnlySpan<char> text)
    {
        string marked = text.ToString().Replace(Mark.ToString(), "", StringComparison.Ordinal);
        for (int at = marked.IndexOf(Hidden, StringComparison.Ordinal); at >= 0; at = marked.IndexOf(Hidden, at + 1))
        {
            int value = 0;
            for (int i = 1; i <= Digits && at + i < marked.Length; i++)
            {
                value = (value * 16) + (marked[at + i] - Zero);
            }

            marked = Rune.IsValid(value) && at + Digits < marked.Length
                ? marked[..at] + new Rune(value) + marked[(at + Digits + 1)..]
                : marked.Remove(at, 1).Insert(at, "\uFFFD");
        }

        return marked.Split(Cut).Where(part => part.Length > 0);
    }

    /// <summary>Puts the mark into each marker of a text.</summary>
    public string Protect(string text)
    {
        StringBuilder? marked = null;
        ReadOnlySpan<char> rest = text;
        while (tokens.TryFindMarker(rest, isOfModel, out int start, out int whole, out bool isOrdinary))
        {
            marked ??= new StringBuilder(text.Length + 16);
            marked.Append(rest[..start]);
            int length = char.IsHighSurrogate(rest[start]) && start + 1 < rest.Length ? 2 : 1;
            if (length == whole)
            {
                Hide(char.ConvertToUtf32(text, text.Length - rest.Length + start), marked);
            }
            else
            {
                marked.Append(rest.Slice(start, length)).Append(isOrdinary ? Cut : Mark);
            }

            rest = rest[(start + length)..];
        }

        return marked is null ? text : marked.Append(rest).ToString();
    }

    /// <summary>Puts the mark into each marker of all texts within a value.</summary>
    public object? Protect(JsonElement value)
    {
        MarkerGuard guard = this;
        return value.ValueKind switch
        {
            JsonValueKind.String => guard.Protect(value.GetString()!),
            JsonValueKind.Array => value.EnumerateArray().Select(item => guard.Protect(item)).ToArray(),
            JsonValueKind.Object =>
                value.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, guard.Protect(member.Value))).ToArray(),
            _ => value,
        };
    }

    private static void Hide(int codePoint, StringBuilder marked)
    {
        marked.Append(Hidden);
        for (int digit = Digits - 1; digit >= 0; digit--)
        {
            marked.Append((char)(Zero + ((codePoint >> (4 * digit)) & 15)));
        }
    }
}
