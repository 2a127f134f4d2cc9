using System.Globalization;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>What SentencePiece's vocabularies have in common: scores, byte tokens, and what a piece stands for.</summary>
internal static class SentencePieceVocabulary
{
    public static float[] CheckScores(float[]? scores, int count)
    {
        if (scores is null || scores.Length != count)
        {
            throw new TokenizerException(
                nameof(TokenizerData.Scores), $"{count} entries, one per token", scores is null ? "none" : $"{scores.Length}");
        }

        int wrong = Array.FindIndex(scores, score => !float.IsFinite(score));
        return wrong < 0
            ? scores
            : throw new TokenizerException($"{nameof(TokenizerData.Scores)}[{wrong}]", "a finite number", $"{scores[wrong]}");
    }

    /// <summary>The token of each byte; -1 where there is none.</summary>
    public static int[] ReadByteTokens(Vocabulary vocabulary)
    {
        int[] ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Kinds[id] != TokenKind.Byte)
            {
                continue;
            }

            string text = vocabulary.Texts[id] ?? "";
            if (!TryParseByte(text, out byte value))
            {
                throw new TokenizerException(
                    $"{nameof(TokenizerData.Tokens)}[{id}]", "a byte token <0x00> to <0xFF>", TokenizerException.Show(text));
            }

            // As of other tokens with one text: the first encodes, all decode.
            ids[value] = ids[value] < 0 ? id : ids[value];
        }

        return ids;
    }

    public static bool TryParseByte(string text, out byte value)
    {
        value = 0;
        return text is ['<', '0', 'x', var high, var low, '>']
            && byte.TryParse([high, low], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    public static void AppendBytes(Vocabulary vocabulary, int id, List<byte> bytes)
    {
        string? text = vocabulary.Texts[id];
        switch (vocabulary.Kinds[id])
        {
            case TokenKind.Byte when TryParseByte(text ?? "", out byte value):
                bytes.Add(value);
                break;
            case TokenKind.Unknown:
                bytes.AddRange(" \u2047 "u8);
                break;
            case not TokenKind.Control when text is not null:
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Replace(SentencePieceNormalizer.Space, ' ')));
                break;
            default:
                bytes.AddRange(vocabulary.Raw[id]);
                break;
        }
    }
}
