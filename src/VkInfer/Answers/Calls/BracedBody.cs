using System.Globalization;
using System.Text;

namespace VkInfer.Answers.Calls;

/// <summary>
/// A call in Gemma's way: <c>call:name{key:value,…}</c>, where keys and words stand for themselves and strings between marks of their own.
/// Arguments are told when they are whole.
/// </summary>
/// <param name="quote">What stands around a string.</param>
/// <param name="close">What ends the call.</param>
internal sealed class BracedBody(string quote, string close) : CallBody
{
    private const int MostNesting = 60;
    private const string Call = "call:";

    private string _text = "";
    private string _all = "";
    private int _at;

    public override BodyState Read(AnswerBuffer buffer, PieceWriter pieces, bool isEnd)
    {
        _text += buffer.TakeUntil([close], isEnd, out string? marker);
        if (marker is null && !isEnd)
        {
            return BodyState.More;
        }

        if (marker is not null)
        {
            buffer.PutBack(marker);
        }

        int brace = _text.IndexOf('{', StringComparison.Ordinal);
        string head = brace < 0 ? "" : _text[..brace].Trim();
        string name = head.StartsWith(Call, StringComparison.Ordinal) ? AnswerBuffer.WithoutControls(head[Call.Length..]).Trim() : "";
        if (name.Length == 0)
        {
            Raw = _text;
            return BodyState.Failed;
        }

        pieces.Call(name);
        (_all, _at) = (_text, brace);
        var json = new StringBuilder();
        bool isWhole = TryValue(json, 0) && marker is not null;
        pieces.Arguments(isWhole ? json.ToString() : AnswerBuffer.WithoutControls(_text[brace..]));
        pieces.EndCall(isWhole);
        return BodyState.Done;
    }

    private bool TryValue(StringBuilder json, int nesting)
    {
        SkipSpace();
        if (nesting > MostNesting || _at >= _all.Length)
        {
            return false;
        }

        if (TryQuoted(json))
        {
            return true;
        }

        switch (_all[_at])
        {
            case '{':
                return TryList(json, '}', () => TryKey(json) && TryValue(json.Append(':'), nesting + 1));
            case '[':
                return TryList(json, ']', () => TryValue(json, nesting + 1));
            default:
                string word = Until(",}]").Trim();
                bool isWord = word is "true" or "false" or "null"
                    || (word.Length > 0 && char.IsAsciiDigit(word[^1])
                        && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _) && !word.StartsWith('+'));
                json.Append(isWord ? word : ArgumentsWriter.Quoted(AnswerBuffer.WithoutControls(word)));
                return word.Length > 0;
        }
    }

    private bool TryList(StringBuilder json, char end, Func<bool> tryItem)
    {
        json.Append(_all[_at++]);
        SkipSpace();
        for (int count = 0; _at < _all.Length && _all[_at] != end; count++)
        {
            if (count > 0)
            {
                if (_all[_at] != ',')
                {
                    return false;
                }

                _at++;
                json.Append(',');
            }

            if (!tryItem())
            {
                return false;
            }

            SkipSpace();
        }

        json.Append(end);
        return _at++ < _all.Length;
    }

    private bool TryKey(StringBuilder json)
    {
        SkipSpace();
        if (!TryQuoted(json))
        {
            string key = Until(":,}").Trim();
            json.Append(ArgumentsWriter.Quoted(key.Trim('"')));
        }

        SkipSpace();
        return _at < _all.Length && _all[_at++] == ':';
    }

    private bool TryQuoted(StringBuilder json)
    {
        if (string.CompareOrdinal(_all, _at, quote, 0, quote.Length) != 0)
        {
            return false;
        }

        int start = _at + quote.Length;
        int end = _all.IndexOf(quote, start, StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }

        json.Append(ArgumentsWriter.Quoted(AnswerBuffer.WithoutControls(_all[start..end])));
        _at = end + quote.Length;
        return true;
    }

    private string Until(string ends)
    {
        int end = _all.AsSpan(_at).IndexOfAny(ends);
        end = end < 0 ? _all.Length : _at + end;
        string text = _all[_at..end];
        _at = end;
        return text;
    }

    private void SkipSpace()
    {
        while (_at < _all.Length && char.IsWhiteSpace(_all[_at]))
        {
            _at++;
        }
    }
}
