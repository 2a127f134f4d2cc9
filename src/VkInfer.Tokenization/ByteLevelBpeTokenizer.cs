using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace VkInfer.Tokenization;

/// <summary>GPT-2's byte-level BPE (GPT-2, Llama 3, Qwen2): text is cut into words, and their bytes are merged by rank.</summary>
internal sealed class ByteLevelBpeTokenizer : Tokenizer
{
    /// <summary>Longer words, in UTF-16 code units, are merged by <see cref="MergeTable"/>.</summary>
    internal const int LongWord = 256;

    private readonly Vocabulary _vocabulary;
    private readonly PreTokenizer _preTokenizer;
    private readonly MergeTable _merges;
    private readonly BpeTokenizer? _merger;
    private readonly TokenBytes _bytes;

    private ByteLevelBpeTokenizer(TokenizerData data, Vocabulary vocabulary, PreTokenizer preTokenizer, IReadOnlyList<string> merges)
        : base(data, vocabulary, preTokenizer.AddBos)
    {
        _vocabulary = vocabulary;
        _preTokenizer = preTokenizer;
        _merges = new MergeTable(vocabulary, merges, UnknownTokenId);
        if (_merges.HasAllBytes && !_merges.LeavesOutMerges)
        {
            var tokens = Enumerable.Range(0, vocabulary.Count)
                .Where(id => vocabulary.Texts[id] is { } text && vocabulary.TryGetId(text, out var first) && first == id)
                .Select(id => KeyValuePair.Create(vocabulary.Texts[id]!, id));
            _merger = BpeTokenizer.Create(new BpeOptions(tokens) { Merges = merges, ByteLevel = true });
        }

        _bytes = TokenBytes.Build(vocabulary.Count, AppendBytes);
    }

    public static ByteLevelBpeTokenizer Build(TokenizerData data) => new(
        data,
        new Vocabulary(data),
        PreTokenizers.Find(data.PreTokenizer),
        data.Merges ?? throw new TokenizerException(nameof(TokenizerData.Merges), "a list of pairs", "none"));

    /// <summary>Encodes one word by <see cref="MergeTable"/>.</summary>
    internal void EncodeLong(ReadOnlySpan<char> word, List<int> ids)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        var length = Encoding.UTF8.GetBytes(word, buffer);
        _merges.Encode(buffer.AsSpan(0, length), ids);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (var range in _preTokenizer.Split(text))
        {
            var word = text[range];
            if (_preTokenizer.IgnoreMerges && TryGetWhole(word, out var id))
            {
                ids.Add(id);
            }
            else if (_merger is null || word.Length > LongWord)
            {
                EncodeLong(word, ids);
            }
            else
            {
                ids.AddRange(_merger.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
            }
        }
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    private bool TryGetWhole(ReadOnlySpan<char> word, out int id)
    {
        id = 0;
        const int Limit = 128;
        if (word.Length > Limit)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Limit * 3];
        Span<char> chars = stackalloc char[Limit * 3];
        var length = Encoding.UTF8.GetBytes(word, bytes);
        for (var i = 0; i < length; i++)
        {
            chars[i] = ByteLevelAlphabet.ToChar(bytes[i]);
        }

        return _vocabulary.TryGetId(chars[..length], out id) && _vocabulary.Kinds[id] == TokenKind.Normal;
    }

    private void AppendBytes(int id, List<byte> bytes)
    {
        var isText = _vocabulary.Kinds[id] is TokenKind.Normal or TokenKind.Unused or TokenKind.Byte;
        if (!isText || _vocabulary.Texts[id] is not { } text || !ByteLevelAlphabet.TryDecode(text, bytes))
        {
            bytes.AddRange(_vocabulary.Raw[id]);
        }
    }
}
