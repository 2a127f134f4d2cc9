namespace VkInfer.Tokenization;

/// <summary>Turns the words of a text into token ids.</summary>
internal abstract class WordModel
{
    /// <summary>Appends the ids of one word, which is not empty.</summary>
    public abstract void Encode(string word, List<int> ids);
}

/// <summary>
/// Byte-pair encoding over characters: a character without a token becomes its bytes where the vocabulary has them, else the unknown token.
/// </summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="merges">What is merged, and in which order.</param>
/// <param name="byteIds">The token of each byte; -1 where there is none.</param>
/// <param name="unknownId">The unknown token, if there is one.</param>
/// <param name="fuseUnknown">Whether a run of unknown characters is one unknown token.</param>
/// <param name="ignoreMerges">Whether a word that is a token becomes it without merging.</param>
internal sealed class BpeModel(
    Vocabulary vocabulary, MergeTable merges, int[] byteIds, int? unknownId, bool fuseUnknown, bool ignoreMerges) : WordModel
{
    public override void Encode(string word, List<int> ids)
    {
        if (ignoreMerges && vocabulary.TryGetTextId(word, out var whole))
        {
            ids.Add(whole);
            return;
        }

        var lengths = new int[word.Length];
        for (var i = 0; i < word.Length; i += lengths[i])
        {
            lengths[i] = char.IsHighSurrogate(word[i]) ? 2 : 1;
        }

        merges.Merge(word, lengths);
        var wasUnknown = false;
        for (var start = 0; start < word.Length; start += lengths[start])
        {
            if (vocabulary.TryGetTextId(word.AsSpan(start, lengths[start]), out var id))
            {
                ids.Add(id);
                wasUnknown = false;
                continue;
            }

            wasUnknown &= fuseUnknown;
            UnknownPieces.AppendCharacter(word.AsSpan(start, lengths[start]), byteIds, unknownId, ids, ref wasUnknown);
        }
    }
}

/// <summary>The unigram language model of <see cref="UnigramModel"/>.</summary>
/// <param name="model">The pieces and their scores.</param>
/// <param name="byteIds">The token of each byte; -1 where there is none.</param>
/// <param name="unknownId">The unknown token, if there is one.</param>
internal sealed class UnigramWordModel(UnigramModel model, int[] byteIds, int? unknownId) : WordModel
{
    public override void Encode(string word, List<int> ids) => UnknownPieces.Append(word, model.Encode(word), byteIds, unknownId, ids);
}
