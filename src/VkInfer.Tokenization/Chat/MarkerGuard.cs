using System.Text;
using System.Text.Json;

namespace VkInfer.Tokenization;

/// <summary>
/// Keeps what people write apart from what a template writes: a mark within the texts of markers, as <c>&lt;|im_end|&gt;</c>, keeps
/// the tokenizer from recognising them. The tokenizer drops the mark, so that the text is encoded as ordinary text.
/// </summary>
internal readonly struct MarkerGuard(Tokenizer tokenizer)
{
    /// <summary>A code point that Unicode keeps for use inside programs; no text has it.</summary>
    public const char Mark = '\uFDD0';

    /// <summary>Puts the mark into each marker of a text.</summary>
    public string Protect(string text)
    {
        StringBuilder? marked = null;
        var rest = text.AsSpan();
        while (tokenizer.TryFindMarker(rest, out var start))
        {
            marked ??= new StringBuilder(text.Length + 16);
            marked.Append(rest[..(start + 1)]).Append(Mark);
            rest = rest[(start + 1)..];
        }

        return marked is null ? text : marked.Append(rest).ToString();
    }

    /// <summary>Puts the mark into each marker of all texts within a value.</summary>
    public object? Protect(JsonElement value)
    {
        var guard = this;
        return value.ValueKind switch
        {
            JsonValueKind.String => guard.Protect(value.GetString()!),
            JsonValueKind.Array => value.EnumerateArray().Select(item => guard.Protect(item)).ToArray(),
            JsonValueKind.Object => value.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, guard.Protect(member.Value))).ToArray(),
            _ => value,
        };
    }
}
