using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// Turns text into token ids and back. Immutable, and safe to use from many threads at a time.
/// </summary>
public abstract class Tokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly SpecialTokens _specialTokens;
    private readonly int[] _before;
    private readonly int[] _after;

    private protected Tokenizer(TokenizerData data, Vocabulary vocabulary, bool addBosByDefault, TokenizerFrame? frame = null)
    {
        _vocabulary = vocabulary;
        _specialTokens = frame?.SpecialTokens ?? SpecialTokens.Of(vocabulary);
        BosTokenId = vocabulary.CheckId(nameof(TokenizerData.BosTokenId), data.BosTokenId);
        EosTokenId = vocabulary.CheckId(nameof(TokenizerData.EosTokenId), data.EosTokenId);
        EotTokenId = vocabulary.CheckId(nameof(TokenizerData.EotTokenId), data.EotTokenId);
        UnknownTokenId = vocabulary.CheckId(nameof(TokenizerData.UnknownTokenId), data.UnknownTokenId);
        PaddingTokenId = vocabulary.CheckId(nameof(TokenizerData.PaddingTokenId), data.PaddingTokenId);
        _before = frame?.Before ?? ((data.AddBos ?? addBosByDefault) && BosTokenId is { } bos ? [bos] : []);
        _after = frame?.After ?? ((data.AddEos ?? false) && EosTokenId is { } eos ? [eos] : []);
        EndOfGenerationTokenIds = FindEndOfGeneration(data.EndOfGenerationTokenIds ?? []);
    }

    /// <summary>The number of tokens; ids are 0 to VocabSize - 1.</summary>
    public int VocabSize => _vocabulary.Count;

    /// <summary>The token that begins a text, if there is one.</summary>
    public int? BosTokenId { get; }

    /// <summary>The token that ends a text, if there is one.</summary>
    public int? EosTokenId { get; }

    /// <summary>The token that ends a turn of a chat, if there is one.</summary>
    public int? EotTokenId { get; }

    /// <summary>The token for what the vocabulary cannot express, if there is one.</summary>
    public int? UnknownTokenId { get; }

    /// <summary>The token that fills batches, if there is one.</summary>
    public int? PaddingTokenId { get; }

    /// <summary>Whether <see cref="Encode(ReadOnlySpan{char}, bool, bool)"/> begins with the BOS token.</summary>
    public bool AddBos => BosTokenId is { } bos && _before.Contains(bos);

    /// <summary>Whether <see cref="Encode(ReadOnlySpan{char}, bool, bool)"/> ends with the EOS token.</summary>
    public bool AddEos => EosTokenId is { } eos && _after.Contains(eos);

    /// <summary>
    /// The tokens after which a model has nothing more to say: EOS, EOT, and the control and user-defined tokens whose
    /// texts are well known to mean it, as <c>&lt;|im_end|&gt;</c>.
    /// </summary>
    public IReadOnlySet<int> EndOfGenerationTokenIds { get; }

    /// <summary>Whether the space in front of a text's first token is no part of the text.</summary>
    internal virtual bool HasSpacePrefix => false;

    /// <summary>Checks the data and builds the tokenizer for its model.</summary>
    /// <exception cref="TokenizerException">A field is missing, inconsistent or not supported.</exception>
    public static Tokenizer Create(TokenizerData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.Model switch
        {
            "llama" => SentencePieceBpeTokenizer.Build(data),
            "gpt2" => ByteLevelBpeTokenizer.Build(data),
            "t5" => UnigramTokenizer.Build(data),
            _ => throw new TokenizerException(
                nameof(TokenizerData.Model), "one of llama, gpt2, t5", data.Model is null ? "null" : TokenizerException.Show(data.Model)),
        };
    }

    /// <summary>
    /// Encodes text. Lone surrogates count as U+FFFD. Texts of user-defined tokens always become those tokens.
    /// </summary>
    /// <param name="text">The text; may be empty.</param>
    /// <param name="addSpecial">Adds BOS, EOS and what else the vocabulary asks for around a text.</param>
    /// <param name="parseSpecial">
    /// Lets the texts of control tokens, as <c>&lt;|im_end|&gt;</c>, become those tokens. Only for trusted text: with false,
    /// text that a user writes can never contain a control token.
    /// </param>
    public int[] Encode(ReadOnlySpan<char> text, bool addSpecial = true, bool parseSpecial = false)
    {
        var ids = new List<int>((text.Length / 3) + 2);
        if (addSpecial)
        {
            ids.AddRange(_before);
        }

        Encode(text, parseSpecial ? SpecialTokenScope.All : SpecialTokenScope.UserDefined, ids);
        if (addSpecial)
        {
            ids.AddRange(_after);
        }

        return [.. ids];
    }

    /// <summary>
    /// Turns ids back into text. Bytes that are no UTF-8 become U+FFFD.
    /// </summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leaves out control tokens; otherwise their texts appear.</param>
    /// <param name="continuation">
    /// The ids go on after other ids. The space that a SentencePiece vocabulary puts in front of a whole text is then kept.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true, bool continuation = false)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        var strip = HasSpacePrefix && !continuation;
        foreach (var id in ids)
        {
            if (!TryGetText(id, skipSpecial, ref strip, out var text))
            {
                continue;
            }

            bytes.Write(text);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>
    /// The bytes that a token stands for in text; they need not be whole characters. A control token gives its own text.
    /// The span is valid as long as the tokenizer.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public ReadOnlySpan<byte> GetTokenBytes(int id)
    {
        CheckId(id);
        return Bytes(id);
    }

    /// <summary>Whether the token steers the model and is no text, as BOS does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public bool IsControl(int id)
    {
        CheckId(id);
        return _vocabulary.Kinds[id] == TokenKind.Control;
    }

    /// <summary>Looks up a control or user-defined token by its text, as <c>&lt;|im_start|&gt;</c>.</summary>
    public bool TryGetSpecialTokenId(string text, out int id)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _vocabulary.TryGetId(text, out id) && _vocabulary.Kinds[id] is TokenKind.Control or TokenKind.UserDefined;
    }

    /// <summary>Finds the first text of a token that could mean something to a chat.</summary>
    internal bool TryFindMarker(ReadOnlySpan<char> text, out int start) =>
        _specialTokens.TryFind(text, SpecialTokenScope.Markers, out start, out _, out _);

    /// <summary>Encodes text without BOS and EOS, and appends the ids.</summary>
    /// <param name="text">The text.</param>
    /// <param name="scope">The tokens that are recognised by their text.</param>
    /// <param name="ids">Where the ids go.</param>
    /// <param name="dropped">A character that is left out once those tokens are found.</param>
    internal virtual void Encode(ReadOnlySpan<char> text, SpecialTokenScope scope, List<int> ids, char? dropped = null)
    {
        var rest = WellFormed.Of(text);
        while (_specialTokens.TryFind(rest, scope, out var start, out var length, out var id))
        {
            EncodeBetween(rest[..start], dropped, ids);
            ids.Add(id);
            rest = rest[(start + length)..];
        }

        EncodeBetween(rest, dropped, ids);
    }

    /// <summary>What one token adds to a decoded text; false where it adds nothing.</summary>
    /// <param name="id">The token.</param>
    /// <param name="skipSpecial">Leaves out control tokens.</param>
    /// <param name="strip">Whether the first space is still to be taken away; false after the first token of text.</param>
    /// <param name="text">The bytes.</param>
    internal bool TryGetText(int id, bool skipSpecial, ref bool strip, out ReadOnlySpan<byte> text)
    {
        CheckId(id);
        text = default;
        var isControl = _vocabulary.Kinds[id] == TokenKind.Control;
        if (isControl && skipSpecial)
        {
            return false;
        }

        text = Bytes(id);
        if (strip && !isControl)
        {
            strip = false;
            if (text is [(byte)' ', ..])
            {
                text = text[1..];
            }
        }

        return text.Length > 0;
    }

    /// <summary>Encodes well-formed text that is not empty and has no special tokens in it.</summary>
    private protected abstract void EncodeOrdinary(ReadOnlySpan<char> text, List<int> ids);

    /// <summary>The bytes of a token whose id is known to be valid.</summary>
    private protected abstract ReadOnlySpan<byte> Bytes(int id);

    /// <summary>A text without a character.</summary>
    private protected static ReadOnlySpan<char> Without(ReadOnlySpan<char> text, char? dropped) =>
        dropped is { } character && text.Contains(character)
            ? text.ToString().Replace(character.ToString(), "", StringComparison.Ordinal)
            : text;

    private void EncodeBetween(ReadOnlySpan<char> text, char? dropped, List<int> ids)
    {
        text = Without(text, dropped);
        if (text.Length > 0)
        {
            EncodeOrdinary(text, ids);
        }
    }

    private FrozenSet<int> FindEndOfGeneration(IReadOnlyList<int> declared)
    {
        IEnumerable<int?> known = declared.Select(id => _vocabulary.CheckId(nameof(TokenizerData.EndOfGenerationTokenIds), id));
        HashSet<int> ids = [.. known.Concat([EosTokenId, EotTokenId]).OfType<int>()];
        foreach (var text in EndOfGenerationTexts.All)
        {
            if (TryGetSpecialTokenId(text, out var id))
            {
                ids.Add(id);
            }
        }

        foreach (var text in EndOfGenerationTexts.Exceptions(text => TryGetSpecialTokenId(text, out var id) && ids.Contains(id)).ToArray())
        {
            ids.RemoveWhere(id => _vocabulary.Texts[id] == text);
        }

        return ids.ToFrozenSet();
    }

    private void CheckId(int id)
    {
        if ((uint)id >= (uint)VocabSize)
        {
            throw new ArgumentOutOfRangeException(nameof(id), id, $"Token id outside the vocabulary of {VocabSize} tokens.");
        }
    }
}
