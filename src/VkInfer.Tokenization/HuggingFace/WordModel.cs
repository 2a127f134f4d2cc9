using System.Buffers;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>Turns the words of a text into token ids.</summary>
internal abstract class WordModel
{
    /// <summary>Appends the ids of one word.</summary>
    /// <param name="word">The word; not empty.</param>
    /// <param name="isTrusted">Whether control tokens may come out of it.</param>
    /// <param name="ids">Receives the ids.</param>
    public abstract void Encode(string word, bool isTrusted, List<int> ids);
}

/// <summary>
/// Byte-pair encoding over characters: a character without a token becomes its bytes where the vocabulary has all of them, else the
/// unknown token; all of these are merged as others are. Source: tokenizers, models/bpe/model.rs.
/// </summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="added">Tokens that the model does not have: they are found before it sees a text.</param>
/// <param name="merges">What is merged, and in which order.</param>
/// <param name="byteIds">The token of each byte; -1 where there is none.</param>
/// <param name="unknownId">The unknown token, if there is one.</param>
/// <param name="fuseUnknown">Whether a run of unknown characters is one unknown token.</param>
/// <param name="ignoreMerges">Whether a word that is a token becomes it without merging.</param>
internal sealed class BpeModel(
    Vocabulary vocabulary, IReadOnlySet<int> added, MergeTable merges, int[] byteIds, int? unknownId, bool fuseUnknown,
    bool ignoreMerges) : WordModel
{
    public override void Encode(string word, bool isTrusted, List<int> ids)
    {
        if (ignoreMerges && TryGet(word, isTrusted, out int whole))
        {
            ids.Add(whole);
            return;
        }

        int[] symbols = ArrayPool<int>.Shared.Rent(3 * word.Length);
        int count = 0;
        bool isPending = false;
        Span<byte> bytes = stackalloc byte[4];
        for (int start = 0, length; start < word.Length; start += length)
        {
            length = char.IsHighSurrogate(word[start]) ? 2 : 1;
            ReadOnlySpan<char> character = word.AsSpan(start, length);
            if (TryGet(character, isTrusted, out int id))
            {
                AddPending(symbols, ref count, ref isPending);
                symbols[count++] = id;
                continue;
            }

            ReadOnlySpan<byte> encoded = bytes[..Encoding.UTF8.GetBytes(character, bytes)];
            if (HasAll(encoded))
            {
                // An unknown token that is pending comes behind them.
                foreach (byte value in encoded)
                {
                    symbols[count++] = byteIds[value];
                }
            }
            else if (unknownId is not null)
            {
                if (!fuseUnknown)
                {
                    AddPending(symbols, ref count, ref isPending);
                }

                isPending = true;
            }
        }

        AddPending(symbols, ref count, ref isPending);
        foreach (int id in merges.Merge(symbols.AsSpan(0, count), isTrusted))
        {
            ids.Add(id);
        }

        ArrayPool<int>.Shared.Return(symbols);
    }

    private bool TryGet(ReadOnlySpan<char> text, bool isTrusted, out int id) =>
        vocabulary.TryGetId(text, out id) && (isTrusted || vocabulary.Kinds[id] != TokenKind.Control) && !added.Contains(id);

    private void AddPending(int[] symbols, ref int count, ref bool isPending)
    {
        if (isPending)
        {
            symbols[count++] = unknownId!.Value;
            isPending = false;
        }
    }

    private bool HasAll(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (byteIds[value] < 0)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>
/// The unigram language model of <see cref="UnigramModel"/>; a run of characters without a piece becomes its bytes where the vocabulary
/// has all of them, else one unknown token. Source: tokenizers, models/unigram/model.rs.
/// </summary>
/// <param name="model">The pieces and their scores.</param>
/// <param name="byteIds">The token of each byte; -1 where there is none.</param>
/// <param name="unknownId">The unknown token, if there is one.</param>
internal sealed class UnigramWordModel(UnigramModel model, int[] byteIds, int? unknownId) : WordModel
{
    public override void Encode(string word, bool isTrusted, List<int> ids)
    {
        List<(Range Range, int Id)> pieces = model.Encode(word, isTrusted);
        for (int i = 0; i < pieces.Count; i++)
        {
            if (pieces[i].Id >= 0)
            {
                ids.Add(pieces[i].Id);
                continue;
            }

            int start = pieces[i].Range.Start.Value;
            while (unknownId is not null && i + 1 < pieces.Count && pieces[i + 1].Id < 0)
            {
                i++;
            }

            AppendUnknown(word.AsSpan(start..pieces[i].Range.End.Value), ids);
        }
    }

    private void AppendUnknown(ReadOnlySpan<char> run, List<int> ids)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(run)];
        Encoding.UTF8.GetBytes(run, bytes);
        if (Array.TrueForAll(bytes, value => byteIds[value] >= 0))
        {
            ids.AddRange(bytes.Select(value => byteIds[value]));
        }
        else if (unknownId is { } unknown)
        {
            ids.Add(unknown);
        }
    }
}
