using System.Buffers;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// What SentencePiece's models have in common: normalisation, user-defined symbols, and what becomes of unknown characters.
/// </summary>
/// <remarks>
/// Our own, since Microsoft.ML.Tokenizers 2.0.1 merges another of equal pairs than the leftmost, and gives ids outside the vocabulary where
/// bytes stand in for a unigram piece.
/// </remarks>
internal abstract class SentencePieceTokenizer : Tokenizer
{
    private readonly SentencePieceNormalizer _normalizer;
    private readonly int[] _byteIds;
    private readonly int? _unknownId;
    private readonly TokenBytes _bytes;
    private readonly short[]? _runBytes;
    private readonly Vocabulary _vocabulary;
    private readonly bool _hasSpacePrefix;
    private readonly bool _removesExtraWhitespaces;

    private protected SentencePieceTokenizer(TokenizerData data, Vocabulary vocabulary, bool addBosByDefault, bool removesExtraWhitespaces)
        : base(data, vocabulary, addBosByDefault)
    {
        _vocabulary = vocabulary;
        _hasSpacePrefix = data.AddSpacePrefix ?? true;
        _removesExtraWhitespaces = data.RemoveExtraWhitespaces ?? removesExtraWhitespaces;
        UserDefined = new UserDefinedSymbols(vocabulary);
        _normalizer = new SentencePieceNormalizer(data, UserDefined, removesExtraWhitespaces);
        _byteIds = SentencePieceVocabulary.ReadByteTokens(vocabulary);
        int unknown = UnknownTokenId ?? Array.IndexOf(vocabulary.Kinds, TokenKind.Unknown);
        _unknownId = unknown < 0 ? null : unknown;
        _runBytes = ByteRun.Table(vocabulary.Count, id =>
            vocabulary.Kinds[id] == TokenKind.Byte && SentencePieceVocabulary.TryParseByte(vocabulary.Texts[id] ?? "", out byte value)
                ? value
                : null);
        _bytes = TokenBytes.Build(vocabulary.Count, (id, bytes) => SentencePieceVocabulary.AppendBytes(vocabulary, id, bytes));
    }

    /// <summary>The user-defined tokens that are found in normalised text.</summary>
    private protected UserDefinedSymbols UserDefined { get; }

    /// <summary>Cuts normalised text into pieces; -1 for a character without one.</summary>
    private protected abstract List<(Range Range, int Id)> Cut(string normalized);

    private protected override void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids)
    {
        string normalized = _normalizer.Apply(text, addPrefix: !section.Continues);
        UnknownPieces.Append(normalized, Cut(normalized), _byteIds, _unknownId, ids);
    }

    private protected override ReadOnlySpan<byte> Bytes(int id) => _bytes[id];

    // Where spaces are put in front of texts, or taken away there, the first piece begins without.
    private protected override ReadOnlySpan<byte> FirstBytes(int id) => BeginsWithSpace(id) ? _bytes[id][1..] : _bytes[id];

    private protected override bool StaysFirst(int id) =>
        BeginsWithSpace(id) ? _removesExtraWhitespaces && _bytes[id].Length == 1 : _bytes[id].Length == 0;

    private bool BeginsWithSpace(int id) => (_hasSpacePrefix || _removesExtraWhitespaces)
        && (_vocabulary.Kinds[id] is TokenKind.Normal or TokenKind.UserDefined or TokenKind.Unused)
        && _vocabulary.Texts[id] is [SentencePieceNormalizer.Space, ..];

    private protected override bool TryGetRunByte(int id, bool isFirst, out byte value)
    {
        short found = _runBytes?[id] ?? -1;
        value = (byte)found;
        return found >= 0;
    }

    /// <summary>Appends whole characters, and U+FFFD for each byte that belongs to none.</summary>
    /// <remarks>Source: SentencePiece, sentencepiece_processor.cc.</remarks>
    private protected override void AppendRun(ByteRun run, bool isEnd)
    {
        int at = 0;
        while (at < run.Bytes.Count)
        {
            ReadOnlySpan<byte> rest = run.BytesSpan()[at..];
            OperationStatus status = Rune.DecodeFromUtf8(rest, out _, out int length);
            if (status == OperationStatus.NeedMoreData && !isEnd)
            {
                break;
            }

            bool isWhole = status == OperationStatus.Done;
            run.Text.AddRange(isWhole ? rest[..length] : "\uFFFD"u8);
            at += isWhole ? length : 1;
        }

        run.Bytes.RemoveRange(0, at);
    }
}
