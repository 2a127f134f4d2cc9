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
        SuppressedTokenIds =
        [
            .. (data.SuppressedTokenIds ?? [])
                .Select(id => vocabulary.CheckId(nameof(TokenizerData.SuppressedTokenIds), id)).OfType<int>().Distinct(),
        ];
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

    /// <summary>
    /// The tokens that a model must never choose: its files list them (<c>suppress_tokens</c>). Sessions exclude them, whatever
    /// the sampling options say.
    /// </summary>
    public IReadOnlyList<int> SuppressedTokenIds { get; }

    /// <summary>The character that is dropped where a text begins, in UTF-8, and how often at most.</summary>
    internal virtual (byte[] Character, int Count) DroppedAtStart => ([], 0);

    /// <summary>Whether bytes on both sides of a control token that is left out are no run.</summary>
    internal virtual bool LeftOutEndsRun => true;

    /// <summary>Whether a control token that is shown counts as the beginning of a text, behind which nothing is dropped.</summary>
    internal virtual bool ControlEndsStart => false;

    /// <summary>Checks the data and builds the tokenizer for its model.</summary>
    /// <exception cref="TokenizerException">A field is missing, inconsistent or not supported.</exception>
    public static Tokenizer Create(TokenizerData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.Model switch
        {
            "llama" => SentencePieceBpeTokenizer.Build(data),
            "gpt2" or "gemma4" => CreateBpe(data),
            "t5" => UnigramTokenizer.Build(data),
            "bert" => WordPieceTokenizer.Build(data),
            _ => throw new TokenizerException(
                nameof(TokenizerData.Model), "one of llama, gpt2, t5, gemma4, bert",
                data.Model is null ? "null" : TokenizerException.Show(data.Model)),
        };
    }

    private static Tokenizer CreateBpe(TokenizerData data)
    {
        PreTokenizer preTokenizer = PreTokenizers.Find(data.Model == "gemma4" ? "gemma4" : data.PreTokenizer);
        return preTokenizer.Alphabet == TokenAlphabet.Bytes
            ? ByteLevelBpeTokenizer.Build(data, preTokenizer)
            : TextBpeTokenizer.Build(data, preTokenizer);
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
        DecodingState state = StartDecoding(continuation);
        foreach (int id in ids)
        {
            if (TryGetText(id, skipSpecial, ref state, out ReadOnlySpan<byte> text))
            {
                bytes.Write(text);
            }
        }

        bytes.Write(EndDecoding(ref state));
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>
    /// The bytes that a token stands for within text; they need not be whole characters. A control token gives its own text.
    /// The span is valid as long as the tokenizer.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public ReadOnlySpan<byte> GetTokenBytes(int id)
    {
        CheckId(id);
        return _vocabulary.Kinds[id] == TokenKind.Control ? _vocabulary.Raw[id] : Bytes(id);
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

    /// <summary>The text of a token as the vocabulary has it; what is no UTF-8 becomes U+FFFD.</summary>
    internal string TextOf(int id) => Encoding.UTF8.GetString(_vocabulary.Raw[id]);

    /// <summary>Sorts the tokens by what a chat template does with them.</summary>
    internal virtual TemplateTokens CreateTemplateTokens(string source) => new(source, _specialTokens.Tokens, [], _vocabulary);

    /// <summary>Encodes text without BOS and EOS, and appends the ids.</summary>
    /// <param name="text">The text.</param>
    /// <param name="scope">The tokens that are recognised by their text.</param>
    /// <param name="ids">Where the ids go.</param>
    internal virtual void Encode(ReadOnlySpan<char> text, SpecialTokenScope scope, List<int> ids) =>
        Encode(text, _specialTokens.In(scope), null, scope == SpecialTokenScope.All, isTemplate: false, ids);

    /// <summary>Encodes what a chat template made, in which a guard has put marks.</summary>
    internal void EncodeTemplate(ReadOnlySpan<char> text, TemplateTokens tokens, List<int> ids) =>
        Encode(text, tokens.Raw, tokens.Normalized, isTrusted: false, isTemplate: true, ids);

    /// <summary>What is known where decoding begins.</summary>
    internal DecodingState StartDecoding(bool continuation) =>
        continuation ? default : new DecodingState { IsFirst = true, DropCount = DroppedAtStart.Count };

    /// <summary>What one token adds to a decoded text; false where it adds nothing.</summary>
    /// <param name="id">The token.</param>
    /// <param name="skipSpecial">Leaves out control tokens.</param>
    /// <param name="state">What came before.</param>
    /// <param name="text">The bytes, valid until the next call with this state.</param>
    internal bool TryGetText(int id, bool skipSpecial, ref DecodingState state, out ReadOnlySpan<byte> text)
    {
        CheckId(id);
        text = default;
        bool isControl = _vocabulary.Kinds[id] == TokenKind.Control;
        if (isControl && skipSpecial)
        {
            text = LeftOutEndsRun ? EndDecoding(ref state) : default;
            return text.Length > 0;
        }

        if (TryGetRunByte(id, state.IsFirst, out byte value))
        {
            text = AddToRun(value, ref state);
            return text.Length > 0;
        }

        ReadOnlySpan<byte> before = EndDecoding(ref state);
        text = state.IsFirst ? FirstBytes(id) : Bytes(id);
        state.IsFirst &= isControl ? !ControlEndsStart : StaysFirst(id);
        if (!isControl || ControlEndsStart)
        {
            text = Drop(text, ref state);
        }

        if (before.Length > 0)
        {
            List<byte> joined = state.Run!.Text;
            int dropped = joined.Count - before.Length;
            joined.AddRange(text);
            text = state.Run.TextSpan()[dropped..];
        }

        return text.Length > 0;
    }

    /// <summary>What byte tokens still add to a decoded text where it, or their run, ends.</summary>
    /// <returns>The bytes, valid until the next call with this state.</returns>
    internal ReadOnlySpan<byte> EndDecoding(ref DecodingState state)
    {
        if (state.Run is not { Bytes.Count: > 0 } run)
        {
            return default;
        }

        run.Text.Clear();
        AppendRun(run, isEnd: true);
        run.Bytes.Clear();
        return Drop(run.TextSpan(), ref state);
    }

    /// <summary>Encodes text with the special tokens that are found in it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">What is found in text as it is; null: nothing.</param>
    /// <param name="normalized">What is found in normalised text; null: nothing.</param>
    /// <param name="isTrusted">Whether control tokens may come out of the text between them, as by merges.</param>
    /// <param name="isTemplate">Whether a <see cref="MarkerGuard"/> has put marks into it.</param>
    /// <param name="ids">Where the ids go.</param>
    private protected void Encode(
        ReadOnlySpan<char> text, SpecialTokenFinder? special, SpecialTokenFinder? normalized, bool isTrusted, bool isTemplate,
        List<int> ids)
    {
        text = WellFormed.Of(text);
        var stretches = new List<(int Start, int Length, int Id)>();
        if (special is null)
        {
            stretches.Add((0, text.Length, -1));
        }
        else
        {
            special.Cut(text, stretches);
        }

        foreach ((int start, int length, int id) in stretches)
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }

            ReadOnlySpan<char> stretch = text.Slice(start, length);
            if (isTemplate && MarkerGuard.IsMarked(stretch))
            {
                EncodeMarked(stretch, start == 0, normalized, ids);
            }
            else if (length > 0)
            {
                EncodeOrdinary(stretch, new Section(start == 0, false, isTrusted, normalized), ids);
            }
        }
    }

    /// <summary>Encodes well-formed text that is not empty and has no special tokens in it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="section">Where it stands.</param>
    /// <param name="ids">Where the ids go.</param>
    private protected abstract void EncodeOrdinary(ReadOnlySpan<char> text, Section section, List<int> ids);

    /// <summary>Whether the token behind one that is no control token is the first of its text still.</summary>
    private protected virtual bool StaysFirst(int id) => false;

    /// <summary>Whether a token is a byte that becomes text with those beside it, where UTF-8 is judged by the run.</summary>
    private protected virtual bool TryGetRunByte(int id, bool isFirst, out byte value)
    {
        value = 0;
        return false;
    }

    /// <summary>Appends to the text of a run what its bytes stand for, and removes those.</summary>
    /// <param name="run">The run.</param>
    /// <param name="isEnd">Whether no byte follows; else only what the next byte cannot change may be appended.</param>
    private protected virtual void AppendRun(ByteRun run, bool isEnd)
    {
    }

    /// <summary>The bytes of a token whose id is known to be valid.</summary>
    private protected abstract ReadOnlySpan<byte> Bytes(int id);

    /// <summary>The same where it is the first token of a text.</summary>
    private protected virtual ReadOnlySpan<byte> FirstBytes(int id) => Bytes(id);

    private ReadOnlySpan<byte> AddToRun(byte value, ref DecodingState state)
    {
        ByteRun run = state.Run ??= new ByteRun();
        if (run.Bytes.Count == 0)
        {
            run.IsFirst = state.IsFirst;
        }

        state.IsFirst = false;
        run.Bytes.Add(value);
        run.Text.Clear();
        AppendRun(run, isEnd: false);
        return Drop(run.TextSpan(), ref state);
    }

    /// <summary>Leaves out what a text must not begin with.</summary>
    private ReadOnlySpan<byte> Drop(ReadOnlySpan<byte> text, ref DecodingState state)
    {
        if (state.DropCount == 0)
        {
            return text;
        }

        ReadOnlySpan<byte> dropped = DroppedAtStart.Character;
        for (; state.DropCount > 0 && text.StartsWith(dropped); state.DropCount--)
        {
            text = text[dropped.Length..];
        }

        if (text.Length > 0)
        {
            state.DropCount = 0;
        }

        return text;
    }

    /// <summary>Encodes text without the marks of a guard; nothing is merged across a cut.</summary>
    private void EncodeMarked(ReadOnlySpan<char> text, bool isStart, SpecialTokenFinder? normalized, List<int> ids)
    {
        bool continues = false;
        foreach (string part in MarkerGuard.Unmark(text))
        {
            EncodeOrdinary(part, new Section(isStart && !continues, continues, false, normalized), ids);
            continues = true;
        }
    }

    private FrozenSet<int> FindEndOfGeneration(IReadOnlyList<int> declared)
    {
        IEnumerable<int?> known = declared.Select(id => _vocabulary.CheckId(nameof(TokenizerData.EndOfGenerationTokenIds), id));
        HashSet<int> ids = [.. known.Concat([EosTokenId, EotTokenId]).OfType<int>()];
        foreach (string text in EndOfGenerationTexts.All)
        {
            if (TryGetSpecialTokenId(text, out int id))
            {
                ids.Add(id);
            }
        }

        foreach (string? text in EndOfGenerationTexts.Exceptions(text => TryGetSpecialTokenId(text, out int id) && ids.Contains(id))
            .ToArray())
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
