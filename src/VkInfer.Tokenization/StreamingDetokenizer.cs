using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// Turns token ids into text one at a time. The pieces joined, with <see cref="Flush"/> at the end, are what
/// <see cref="Tokenizer.Decode"/> gives for all ids; no piece ever ends within a character. Not thread-safe.
/// </summary>
/// <param name="tokenizer">The tokenizer that made the ids.</param>
/// <param name="skipSpecial">Leaves out control tokens; otherwise their texts appear.</param>
/// <param name="continuation">The ids go on after a prompt: the space in front of the first word is then kept.</param>
public sealed class StreamingDetokenizer(Tokenizer tokenizer, bool skipSpecial = true, bool continuation = false)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private DecodingState _state = tokenizer.StartDecoding(continuation);
    private char[] _buffer = new char[64];

    /// <summary>Adds a token and returns the characters that are complete now; often none, or more than one token's.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string Append(int id)
    {
        ReadOnlySpan<char> chars = AppendChars(id);
        return chars.Length == 0 ? "" : new string(chars);
    }

    /// <summary>As <see cref="Append"/>, without an allocation. The span is valid until the next call.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public ReadOnlySpan<char> AppendChars(int id) =>
        tokenizer.TryGetText(id, skipSpecial, ref _state, out ReadOnlySpan<byte> bytes) ? Convert(bytes, flush: false) : default;

    /// <summary>Ends the text: the bytes of an unfinished character become U+FFFD. A new text may follow.</summary>
    public string Flush()
    {
        string text = new string(Convert(tokenizer.EndDecoding(ref _state), flush: true));
        _state = tokenizer.StartDecoding(continuation);
        return text;
    }

    private ReadOnlySpan<char> Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        int needed = _decoder.GetCharCount(bytes, flush);
        if (needed > _buffer.Length)
        {
            _buffer = new char[needed * 2];
        }

        return _buffer.AsSpan(0, _decoder.GetChars(bytes, _buffer, flush));
    }
}
