using System.Buffers;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>GPT-2's byte-level BPE (GPT-2, Llama 3, Qwen2): text is cut into words, and their bytes are merged by rank.</summary>
internal sealed class ByteLevelBpeTokenizer : Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly PreTokenizer _preTokenizer;
    private readonly MergeTable _merges;
    private readonly int[] _byteIds = new int[256];
    private readonly TokenBytes _bytes;

    private ByteLevelBpeTokenizer(TokenizerData data, Vocabulary vocabulary, PreTokenizer preTokenizer, IReadOnlyList<string> merges)
        : base(data, vocabulary, preTokenizer.AddBos)
    {
        _vocabulary = vocabulary;
        _preTokenizer = preTokenizer;
        _merges = new MergeTable(vocabulary, merges);
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = vocabulary.TryGetId([ByteLevelAlphabet.ToChar((byte)value)], out int id) ? id : -1;
        }

        _bytes = TokenBytes.Build(vocabulary.Count, AppendBytes);
    }

    public static ByteLevelBpeTokenizer Build(TokenizerData data, PreTokenizer preTokenizer) => new(
        data,
        new Vocabulary(data),
        preTokenizer,
        data.Merges ?? throw new TokenizerException(nameof(TokenizerData.Merges), "a list of pairs", "none"));

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids)
    {
        foreach (Range range in _preTokenizer.Split(text))
        {
            EncodeWord(text[range], section.IsTrusted, ids);
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private void EncodeWord(ReadOnlySpan<char> word, bool isTrusted, List<int> ids)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        int length = Encoding.UTF8.GetBytes(word, bytes);
        if (!_preTokenizer.IgnoreMerges || !TryAddWhole(bytes.AsSpan(0, length), ids))
        {
            int[] symbols = ArrayPool<int>.Shared.Rent(length);
            for (int i = 0; i < length; i++)
            {
                symbols[i] = _byteIds[bytes[i]];
            }

            foreach (int id in _merges.Merge(symbols.AsSpan(0, length), isTrusted))
            {
                // A byte without a token becomes the unknown token, or nothing without one.
                if ((id >= 0 ? id : UnknownTokenId) is { } known)
                {
                    ids.Add(known);
                }
            }

            ArrayPool<int>.Shared.Return(symbols);
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    private bool TryAddWhole(ReadOnlySpan<byte> word, List<int> ids)
    {
        const int Limit = 256;
        if (word.Length > Limit)
        {
            return false;
        }

        Span<char> chars = stackalloc char[Limit];
        for (int i = 0; i < word.Length; i++)
        {
            chars[i] = ByteLevelAlphabet.ToChar(word[i]);
        }

        if (!_vocabulary.TryGetId(chars[..word.Length], out int id) || _vocabulary.Kinds[id] != TokenKind.Normal)
        {
            return false;
        }

        ids.Add(id);
        return true;
    }

    private void AppendBytes(int id, List<byte> bytes)
    {
        bool isText = _vocabulary.Kinds[id] is TokenKind.Normal or TokenKind.Unused or TokenKind.Byte;
        if (!isText || _vocabulary.Texts[id] is not { } text || !ByteLevelAlphabet.TryDecode(text, bytes))
        {
            bytes.AddRange(_vocabulary.Raw[id]);
        }
    }
}
