namespace VkInfer.Tokenization;

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

    private readonly PrefixTable<(int Id, double Score)> _pieces;
    private readonly double _unknownScore;

    /// <summary>Builds the model.</summary>
    /// <param name="pieces">What may come out of text: text, token and finite score. Of equal texts the first counts.</param>
    /// <param name="lowest">The lowest score of all; infinite where there is none.</param>
    /// <exception cref="TokenizerException">A piece is too long.</exception>
    public UnigramModel(IEnumerable<(string Text, int Id, double Score)> pieces, double lowest)
    {
        _pieces = new PrefixTable<(int, double)>(pieces.Select(piece => piece.Text.Length <= MaxPiece
            ? KeyValuePair.Create(piece.Text, (piece.Id, piece.Score))
            : throw new TokenizerException(
                $"{nameof(TokenizerData.Tokens)}[{piece.Id}]", $"at most {MaxPiece} characters", $"{piece.Text.Length}")));
        _unknownScore = (double.IsFinite(lowest) ? lowest : 0) - UnknownPenalty;
    }

    /// <summary>The model of a SentencePiece vocabulary, in which longer user-defined pieces always win.</summary>
    public static UnigramModel OfSentencePiece(Vocabulary vocabulary, float[] scores)
    {
        int[] normal = [.. Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.Kinds[id] == TokenKind.Normal)];
        double lowest = normal.Select(id => (double)scores[id]).DefaultIfEmpty(double.PositiveInfinity).Min();
        double highest = normal.Select(id => (double)scores[id]).DefaultIfEmpty(0).Max();
        return new UnigramModel(
            from id in Enumerable.Range(0, vocabulary.Count)
            let text = vocabulary.Texts[id]
            let kind = vocabulary.Kinds[id]
            where text is not null && kind is TokenKind.Normal or TokenKind.UserDefined
            select (text!, id, kind is TokenKind.Normal ? scores[id] : (text!.EnumerateRunes().Count() * highest) - 0.1),
            lowest);
    }

    /// <summary>Cuts text; each piece with its id, or -1 for one character that has none.</summary>
    public List<(Range Range, int Id)> Encode(ReadOnlySpan<char> text)
    {
        var best = new (double Score, int Start, int Id)[text.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, 0, -1));
        best[0].Score = 0;
        for (int start = 0; start < text.Length;)
        {
            int character = char.IsHighSurrogate(text[start]) ? 2 : 1;
            bool hasCharacter = false;
            for (PrefixTable<(int Id, double Score)>.Walk walk = _pieces.Of(text[start..]); walk.MoveNext();)
            {
                hasCharacter |= walk.Text.Length == character;
                Offer(best, start, start + walk.Text.Length, walk.Value.Score, walk.Value.Id);
            }

            if (!hasCharacter)
            {
                Offer(best, start, start + character, _unknownScore, -1);
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

    private static void Offer((double Score, int Start, int Id)[] best, int start, int end, double score, int id)
    {
        if (best[start].Score + score > best[end].Score)
        {
            best[end] = (best[start].Score + score, start, id);
        }
    }
}
