namespace VkInfer.Tokenization;

/// <summary>
/// The unigram language model: of all ways to cut a text into pieces the one whose scores add up highest, found by Viterbi's algorithm.
/// Source: Kudo, "Subword Regularization", 2018; the penalty is SentencePiece's.
/// </summary>
internal sealed class UnigramModel
{
    /// <summary>How far a character without a piece scores below the lowest piece.</summary>
    private const float UnknownPenalty = 10;

    /// <summary>Longest piece in UTF-16 code units, so that the search stays linear in the text.</summary>
    private const int MaxPiece = 1024;

    private readonly Dictionary<(int Node, char Next), int> _trie = [];
    private readonly List<int> _pieceAt = [-1];
    private readonly float[] _scores;
    private readonly double _unknownScore;

    /// <summary>Builds the model.</summary>
    /// <param name="vocabulary">The pieces.</param>
    /// <param name="scores">One finite score per piece.</param>
    /// <param name="isPiece">Whether a token may come out of text.</param>
    /// <exception cref="TokenizerException">A piece is too long.</exception>
    public UnigramModel(Vocabulary vocabulary, float[] scores, Func<int, bool> isPiece)
    {
        _scores = scores;
        var lowest = double.PositiveInfinity;
        for (var id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Texts[id] is { } text && isPiece(id))
            {
                Add(text, id);
                lowest = Math.Min(lowest, scores[id]);
            }
        }

        _unknownScore = (double.IsFinite(lowest) ? lowest : 0) - UnknownPenalty;
    }

    /// <summary>Cuts text; each piece with its id, or -1 for one character that has none.</summary>
    public List<(Range Range, int Id)> Encode(ReadOnlySpan<char> text)
    {
        var best = new (double Score, int Start, int Id)[text.Length + 1];
        Array.Fill(best, (double.NegativeInfinity, 0, -1));
        best[0].Score = 0;
        for (var start = 0; start < text.Length;)
        {
            var character = char.IsHighSurrogate(text[start]) ? 2 : 1;
            var hasCharacter = false;
            for (int end = start, node = 0; end < text.Length && _trie.TryGetValue((node, text[end]), out node); end++)
            {
                if (_pieceAt[node] is >= 0 and var id)
                {
                    hasCharacter |= end + 1 - start == character;
                    Offer(best, start, end + 1, _scores[id], id);
                }
            }

            if (!hasCharacter)
            {
                Offer(best, start, start + character, _unknownScore, -1);
            }

            start += character;
        }

        var pieces = new List<(Range, int)>();
        for (var end = text.Length; end > 0; end = best[end].Start)
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

    private void Add(string text, int id)
    {
        if (text.Length > MaxPiece)
        {
            throw new TokenizerException($"{nameof(TokenizerData.Tokens)}[{id}]", $"at most {MaxPiece} characters", $"{text.Length}");
        }

        var node = 0;
        foreach (var c in text)
        {
            if (!_trie.TryGetValue((node, c), out var next))
            {
                next = _pieceAt.Count;
                _trie.Add((node, c), next);
                _pieceAt.Add(-1);
            }

            node = next;
        }

        // Of pieces with the same text the first.
        _pieceAt[node] = _pieceAt[node] < 0 ? id : _pieceAt[node];
    }
}
