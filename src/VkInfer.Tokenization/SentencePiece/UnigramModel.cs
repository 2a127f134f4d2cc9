using System.Text;

namespace VkInfer.Tokenization;

/// <summary>A piece of a unigram model.</summary>
/// <param name="Id">Its token.</param>
/// <param name="Score">The logarithm of its probability.</param>
/// <param name="IsControl">Whether only trusted text may become it.</param>
internal readonly record struct UnigramPiece(int Id, double Score, bool IsControl);

/// <summary>
/// The unigram language model: of all ways to cut a text into pieces the one whose scores add up highest, found by Viterbi's algorithm.
/// Source: Kudo, "Subword Regularization", 2018; the penalty and the scores of user-defined pieces are SentencePiece's.
/// </summary>
internal sealed class UnigramModel
{
    /// <summary>How far a character without a piece scores below the lowest piece.</summary>
    private const float UnknownPenalty = 10;

    /// <summary>Longest piece in UTF-16 code units, so that the search stays linear in the text.</summary>
    private const int MaxPiece = 1024;

    private readonly PrefixTable<UnigramPiece> _pieces;
    private readonly double _unknownScore;
    private readonly bool _isSingle;

    /// <summary>Builds the model.</summary>
    /// <param name="pieces">What may come out of text, by text, with finite scores. Of equal texts the first counts.</param>
    /// <param name="lowest">The lowest score of all; infinite where there is none.</param>
    /// <param name="isSingle">
    /// Whether sums are rounded to single precision, as SentencePiece keeps them; tokenizers keeps them in double precision. It decides
    /// between ways that are equally likely but for rounding.
    /// </param>
    /// <exception cref="TokenizerException">A piece is too long.</exception>
    public UnigramModel(IEnumerable<KeyValuePair<string, UnigramPiece>> pieces, double lowest, bool isSingle)
    {
        _pieces = new PrefixTable<UnigramPiece>(pieces.Select(piece => piece.Key.Length <= MaxPiece
            ? piece
            : throw new TokenizerException(
                $"{nameof(TokenizerData.Tokens)}[{piece.Value.Id}]", $"at most {MaxPiece} characters", $"{piece.Key.Length}")));
        _isSingle = isSingle;
        _unknownScore = Rounded((double.IsFinite(lowest) ? lowest : 0) - UnknownPenalty);
    }

    /// <summary>The model of a SentencePiece vocabulary, in which longer user-defined pieces always win.</summary>
    public static UnigramModel OfSentencePiece(Vocabulary vocabulary, float[] scores)
    {
        int[] normal = [.. Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.Kinds[id] == TokenKind.Normal)];
        double lowest = normal.Select(id => (double)scores[id]).DefaultIfEmpty(double.PositiveInfinity).Min();

        // SentencePiece begins its search for the highest score at the smallest positive number: scores below zero leave it there.
        const float SmallestPositive = 1.17549435e-38f;
        float highest = normal.Select(id => scores[id]).Append(SmallestPositive).Max();
        return new UnigramModel(
            from id in Enumerable.Range(0, vocabulary.Count)
            let text = vocabulary.Texts[id]
            let kind = vocabulary.Kinds[id]
            where text is not null && kind is TokenKind.Normal or TokenKind.UserDefined
            let score = kind is TokenKind.Normal ? scores[id] : (double)(Encoding.UTF8.GetByteCount(text!) * highest) - 0.1
            select KeyValuePair.Create(text!, new UnigramPiece(id, score, IsControl: false)),
            lowest,
            isSingle: true);
    }

    /// <summary>Cuts text; each piece with its id, or -1 for one character that has none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isTrusted">Whether control tokens may come out of it.</param>
    public List<(Range Range, int Id)> Encode(ReadOnlySpan<char> text, bool isTrusted = false)
    {
        var best = new (double Score, int Start, int Id)[text.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, -1, -1));
        best[0].Score = 0;
        for (int start = 0; start < text.Length;)
        {
            int character = char.IsHighSurrogate(text[start]) ? 2 : 1;
            bool hasCharacter = false;
            for (PrefixTable<UnigramPiece>.Walk walk = _pieces.Of(text[start..]); walk.MoveNext();)
            {
                if (walk.Value.IsControl && !isTrusted)
                {
                    continue;
                }

                hasCharacter |= walk.Text.Length == character;
                Offer(best, start, start + walk.Text.Length, best[start].Score + walk.Value.Score, walk.Value.Id);
            }

            if (!hasCharacter)
            {
                Offer(best, start, start + character, Rounded(best[start].Score + _unknownScore), -1);
            }

            start += character;
        }

        var pieces = new List<(Range, int)>();
        for (int end = text.Length; end > 0; end = best[end].Start)
        {
            pieces.Add((best[end].Start..end, best[end].Id));
        }

        pieces.Reverse();
        return pieces;
    }

    /// <summary>A sum is compared before it is rounded, and kept rounded.</summary>
    private void Offer((double Score, int Start, int Id)[] best, int start, int end, double score, int id)
    {
        // The first way counts whatever it scores: sums of hostile scores overflow.
        if (best[end].Start < 0 || score > best[end].Score)
        {
            best[end] = (Rounded(score), start, id);
        }
    }

    private double Rounded(double score) => _isSingle ? (float)score : score;
}
