using System.Globalization;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// SentencePiece's BPE (Llama 1 and 2, Mistral, Phi-3): spaces are ▁, pairs are merged by score, and characters that are
/// not in the vocabulary become their UTF-8 bytes, or one unknown token per run where the vocabulary has no bytes.
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers 2.0.1 is not used for this one: of equal pairs it does not merge the leftmost first, so that its
/// ids differ from SentencePiece's wherever characters repeat ("!!!!!!" with the vocabulary of OpenLLaMA).
/// </remarks>
internal sealed class SentencePieceBpeTokenizer : Tokenizer
{
    private const char Space = '\u2581';

    private readonly SentencePieceTable _pieces;
    private readonly int[] _byteIds;
    private readonly int? _unknownId;
    private readonly TokenBytes _bytes;
    private readonly bool _removeExtraWhitespaces;

    private SentencePieceBpeTokenizer(TokenizerData data, Vocabulary vocabulary)
        : base(data, vocabulary, addBosByDefault: true)
    {
        HasSpacePrefix = data.AddSpacePrefix ?? true;
        _removeExtraWhitespaces = data.RemoveExtraWhitespaces ?? false;
        _pieces = new SentencePieceTable(vocabulary, CheckScores(data.Scores, vocabulary.Count));
        _byteIds = ReadByteTokens(vocabulary);
        var unknown = UnknownTokenId ?? Array.IndexOf(vocabulary.Kinds, TokenKind.Unknown);
        _unknownId = unknown < 0 ? null : unknown;
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => AppendBytes(vocabulary, id, bytes));
    }

    internal override bool HasSpacePrefix { get; }

    public static SentencePieceBpeTokenizer Build(TokenizerData data) => new(data, new Vocabulary(data));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids)
    {
        var normalized = Normalize(text).AsSpan();
        var lengths = _pieces.Merge(normalized);
        var wasUnknown = false;
        for (var start = 0; start < normalized.Length; start += lengths[start])
        {
            var piece = normalized.Slice(start, lengths[start]);
            if (_pieces.TryGetId(piece, out var id))
            {
                ids.Add(id);
                wasUnknown = false;
            }
            else
            {
                AppendCharacter(piece, ids, ref wasUnknown);
            }
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private static float[] CheckScores(float[]? scores, int count)
    {
        if (scores is null || scores.Length != count)
        {
            throw new TokenizerException(
                nameof(TokenizerData.Scores), $"{count} entries, one per token", scores is null ? "none" : $"{scores.Length}");
        }

        var wrong = Array.FindIndex(scores, score => !float.IsFinite(score));
        return wrong < 0
            ? scores
            : throw new TokenizerException($"{nameof(TokenizerData.Scores)}[{wrong}]", "a finite number", $"{scores[wrong]}");
    }

    /// <summary>The token of each byte; -1 where there is none.</summary>
    private static int[] ReadByteTokens(Vocabulary vocabulary)
    {
        var ids = new int[256];
        Array.Fill(ids, -1);
        for (var id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Kinds[id] != TokenKind.Byte)
            {
                continue;
            }

            var text = vocabulary.Texts[id] ?? "";
            if (!TryParseByte(text, out var value))
            {
                throw new TokenizerException(
                    $"{nameof(TokenizerData.Tokens)}[{id}]", "a byte token <0x00> to <0xFF>", TokenizerException.Show(text));
            }

            if (ids[value] >= 0)
            {
                throw new TokenizerException(
                    $"{nameof(TokenizerData.Tokens)}[{id}]", "one token per byte", $"{text}, which is token {ids[value]} too");
            }

            ids[value] = id;
        }

        return ids;
    }

    private static bool TryParseByte(string text, out byte value)
    {
        value = 0;
        return text is ['<', '0', 'x', var high, var low, '>']
            && byte.TryParse([high, low], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static void AppendBytes(Vocabulary vocabulary, int id, List<byte> bytes)
    {
        var text = vocabulary.Texts[id];
        switch (vocabulary.Kinds[id])
        {
            case TokenKind.Byte when TryParseByte(text ?? "", out var value):
                bytes.Add(value);
                break;
            case TokenKind.Unknown:
                bytes.AddRange(" \u2047 "u8);
                break;
            case not TokenKind.Control when text is not null:
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Replace(Space, ' ')));
                break;
            default:
                bytes.AddRange(vocabulary.Raw[id]);
                break;
        }
    }

    /// <summary>A character without a token: its bytes, or the unknown token for a run of what has no byte tokens either.</summary>
    private void AppendCharacter(ReadOnlySpan<char> character, List<int> ids, ref bool wasUnknown)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in bytes[..Encoding.UTF8.GetBytes(character, bytes)])
        {
            var id = _byteIds[value];
            if (id >= 0)
            {
                ids.Add(id);
            }
            else if (!wasUnknown && _unknownId is { } unknown)
            {
                ids.Add(unknown);
            }

            wasUnknown = id < 0;
        }
    }

    private string Normalize(ReadOnlySpan<char> text)
    {
        if (_removeExtraWhitespaces)
        {
            text = text.Trim(' ');
            if (text.Length == 0)
            {
                return "";
            }
        }

        var normalized = new StringBuilder(text.Length + 1);
        if (HasSpacePrefix)
        {
            normalized.Append(Space);
        }

        foreach (var c in text)
        {
            if (c != ' ')
            {
                normalized.Append(c);
            }
            else if (!_removeExtraWhitespaces || normalized.Length == 0 || normalized[^1] != Space)
            {
                normalized.Append(Space);
            }
        }

        return normalized.ToString();
    }
}
