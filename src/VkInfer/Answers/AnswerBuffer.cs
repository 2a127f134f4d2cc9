using System.Text;

namespace VkInfer.Answers;

/// <summary>
/// What of an answer has come and is not read yet. Control tokens stand in it between two characters that no text has, so that a marker
/// is a string, whether it is a control token or text.
/// </summary>
internal sealed class AnswerBuffer
{
    private const char ControlStart = '\uFDD0';
    private const char ControlEnd = '\uFDD1';

    private string _text = "";

    /// <summary>Whether nothing is left to read.</summary>
    public bool IsEmpty => _text.Length == 0;

    /// <summary>What is left to read.</summary>
    public string Rest => _text;

    /// <summary>A control token as a marker.</summary>
    public static string Control(string token) => $"{ControlStart}{token}{ControlEnd}";

    /// <summary>A text without the control tokens in it.</summary>
    public static string WithoutControls(string text)
    {
        int start = text.IndexOf(ControlStart, StringComparison.Ordinal);
        if (start < 0)
        {
            return text;
        }

        var plain = new StringBuilder();
        int at = 0;
        for (; start >= 0; start = text.IndexOf(ControlStart, at))
        {
            plain.Append(text, at, start - at);
            int end = text.IndexOf(ControlEnd, start);
            at = end < 0 ? text.Length : end + 1;
        }

        return plain.Append(text, at, text.Length - at).ToString();
    }

    public void Append(string text, bool isControl) => _text += isControl
        ? Control(text)
        : text.Replace(ControlStart, '\uFFFD').Replace(ControlEnd, '\uFFFD');

    /// <summary>Reads so many characters.</summary>
    public string Take(int count)
    {
        string taken = _text[..count];
        _text = _text[count..];
        return taken;
    }

    /// <summary>Reads a marker where it stands.</summary>
    public bool TryTake(string marker)
    {
        if (!_text.StartsWith(marker, StringComparison.Ordinal))
        {
            return false;
        }

        _text = _text[marker.Length..];
        return true;
    }

    /// <summary>Whether more of the stream may make what is left begin with a marker.</summary>
    public bool MayBecome(string marker) => _text.Length < marker.Length && marker.StartsWith(_text, StringComparison.Ordinal);

    /// <summary>Gives back what was read last.</summary>
    public void PutBack(string text) => _text = text + _text;

    /// <summary>Drops white space.</summary>
    public void SkipSpace() => _text = _text.TrimStart();

    /// <summary>
    /// Reads up to the first marker and the marker itself; where none stands, all that is the beginning of none.
    /// </summary>
    /// <param name="markers">The markers; of two at one place the longer counts.</param>
    /// <param name="isEnd">Whether nothing more will come: then nothing is held back.</param>
    /// <param name="marker">The marker that was found, or null.</param>
    public string TakeUntil(IReadOnlyList<string> markers, bool isEnd, out string? marker)
    {
        (int first, marker) = (int.MaxValue, null);
        foreach (string candidate in markers)
        {
            int at = _text.IndexOf(candidate, StringComparison.Ordinal);
            bool isBetter = at >= 0 && (at < first || (at == first && candidate.Length > marker!.Length));
            (first, marker) = isBetter ? (at, candidate) : (first, marker);
        }

        // A longer marker may still be coming where a shorter one stands, or begin before it.
        int held = isEnd ? _text.Length : HeldFrom(markers);
        if (marker is not null && first < held)
        {
            string before = Take(first);
            Take(marker.Length);
            return before;
        }

        marker = null;
        return Take(Math.Min(held, _text.Length));
    }

    /// <summary>Where the beginning of a marker stands that ends with what has come.</summary>
    private int HeldFrom(IReadOnlyList<string> markers)
    {
        int held = _text.Length;
        foreach (string marker in markers)
        {
            for (int at = Math.Max(0, _text.Length - marker.Length + 1); at < held; at++)
            {
                if (marker.AsSpan().StartsWith(_text.AsSpan(at)))
                {
                    held = at;
                }
            }
        }

        return held;
    }
}
