namespace VkInfer.Tokenization;

/// <summary>
/// WordPiece (Schuster and Nakajima 2012): from a word's beginning on the longest piece that the vocabulary has; one where there is none
/// makes the whole word unknown. Source: tokenizers, models/wordpiece/mod.rs.
/// </summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="added">Tokens that the model does not have: they are found before it sees a text.</param>
/// <param name="first">What stands before the text of pieces that begin a word.</param>
/// <param name="further">What stands before that of others.</param>
/// <param name="unknownId">The unknown token.</param>
/// <param name="mostCharacters">Characters of a word; longer ones are unknown.</param>
internal sealed class WordPieceModel(
    Vocabulary vocabulary, IReadOnlySet<int> added, string first, string further, int unknownId, int mostCharacters) : WordModel
{
    /// <summary>Characters of a word where nothing else is said.</summary>
    public const int UsualCharacters = 100;

    public override void Encode(string word, bool isTrusted, List<int> ids)
    {
        int before = ids.Count;
        int[] ends = Ends(word);
        if (ends.Length > mostCharacters)
        {
            ids.Add(unknownId);
            return;
        }

        for (int start = 0; start < word.Length;)
        {
            if (Longest(word, start, ends, isTrusted) is not var (id, end))
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(unknownId);
                return;
            }

            ids.Add(id);
            start = end;
        }
    }

    private (int Id, int End)? Longest(string word, int start, int[] ends, bool isTrusted)
    {
        if (start > 0 && further.Length == 0 && first.Length > 0 && word.AsSpan(start).StartsWith(first, StringComparison.Ordinal))
        {
            // It would be taken for the beginning of another word.
            return null;
        }

        string text = (start == 0 ? first : further) + word[start..];
        int offset = text.Length - word.Length;
        for (int i = ends.Length - 1; i >= 0 && ends[i] > start; i--)
        {
            if (vocabulary.TryGetId(text.AsSpan(0, ends[i] + offset), out int id) && !added.Contains(id)
                && (isTrusted || vocabulary.Kinds[id] != TokenKind.Control))
            {
                return (id, ends[i]);
            }
        }

        return null;
    }

    /// <summary>Where the characters of a word end; one more than may be is enough.</summary>
    private int[] Ends(string word)
    {
        var ends = new List<int>();
        for (int at = 0; at < word.Length && ends.Count <= mostCharacters;)
        {
            at += char.IsHighSurrogate(word[at]) ? 2 : 1;
            ends.Add(at);
        }

        return [.. ends];
    }
}
