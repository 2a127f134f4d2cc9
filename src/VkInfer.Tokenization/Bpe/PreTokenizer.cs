namespace VkInfer.Tokenization;

/// <summary>What the tokens of a byte-pair vocabulary are written in.</summary>
internal enum TokenAlphabet
{
    /// <summary>GPT-2's characters for bytes.</summary>
    Bytes,

    /// <summary>Text as it is.</summary>
    Text,

    /// <summary>Text with ▁ for spaces.</summary>
    Spaced,
}

/// <summary>
/// Cuts text into the words that BPE merges within. The regular expressions are applied one after the other, each to the pieces of the one
/// before; what an expression does not match is a piece as well.
/// </summary>
/// <param name="expressions">The expressions.</param>
internal sealed class PreTokenizer(Expression[] expressions)
{
    /// <summary>A word that is a token as a whole becomes that token without merging.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Whether BOS is added where the vocabulary does not say.</summary>
    public bool AddBos { get; init; }

    /// <summary>What the vocabulary's tokens are written in.</summary>
    public TokenAlphabet Alphabet { get; init; }

    /// <summary>Cuts well-formed text; the pieces are consecutive and cover it.</summary>
    public List<Range> Split(ReadOnlySpan<char> text)
    {
        List<Range> pieces = [0..text.Length];
        var found = new List<(int Start, int Length)>();
        foreach (Expression expression in expressions)
        {
            var finer = new List<Range>(pieces.Count + (text.Length / 4));
            foreach (Range piece in pieces)
            {
                (int start, int end) = (piece.Start.Value, piece.End.Value);
                found.Clear();
                expression.FindAll(text[piece], found);
                int done = start;
                foreach ((int at, int length) in found)
                {
                    Add(finer, done, start + at);
                    Add(finer, start + at, start + at + length);
                    done = start + at + length;
                }

                Add(finer, done, end);
            }

            pieces = finer;
        }

        return pieces;

        static void Add(List<Range> pieces, int start, int end)
        {
            if (end > start)
            {
                pieces.Add(start..end);
            }
        }
    }
}
