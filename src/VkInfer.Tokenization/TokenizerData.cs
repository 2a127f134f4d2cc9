namespace VkInfer.Tokenization;

/// <summary>
/// A vocabulary as plain data, with the meaning that the <c>tokenizer.ggml.*</c> keys of GGUF give to it. Nothing in it is
/// trusted: <see cref="Tokenizer.Create"/> checks every field.
/// </summary>
public sealed record TokenizerData
{
    /// <summary>
    /// <c>llama</c> for SentencePiece BPE, <c>t5</c> for SentencePiece unigram, <c>gpt2</c> for byte-level BPE, <c>gemma4</c> for BPE over
    /// text with ▁ for spaces, <c>bert</c> for WordPiece.
    /// </summary>
    public required string Model { get; init; }

    /// <summary>
    /// How byte-level BPE cuts text into words (<c>tokenizer.ggml.pre</c>); null means <c>default</c>. Unused by <c>llama</c>.
    /// </summary>
    public string? PreTokenizer { get; init; }

    /// <summary>The token texts as UTF-8 bytes; the index is the token id. They must stay unchanged while the tokenizer lives.</summary>
    public required IReadOnlyList<byte[]> Tokens { get; init; }

    /// <summary>
    /// One score per token; merges with a higher score come first. Needed by <c>llama</c> and <c>t5</c>, unused by <c>gpt2</c>.
    /// </summary>
    public float[]? Scores { get; init; }

    /// <summary>One type per token: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte. Null means all are normal.</summary>
    public int[]? TokenTypes { get; init; }

    /// <summary>Pairs "left right", the most important first. Needed by <c>gpt2</c>, unused by the others.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>The token that begins a text. Null or -1 (GGUF's 4294967295) for none, as for the ids below.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>The token that ends a text.</summary>
    public int? EosTokenId { get; init; }

    /// <summary>The token that ends a turn of a chat.</summary>
    public int? EotTokenId { get; init; }

    /// <summary>The token for what the vocabulary cannot express.</summary>
    public int? UnknownTokenId { get; init; }

    /// <summary>The token that fills batches.</summary>
    public int? PaddingTokenId { get; init; }

    /// <summary>
    /// Whether encoding begins with the BOS token; null means yes for <c>llama</c>, no for <c>t5</c>, and what the pre-tokenizer says for
    /// <c>gpt2</c>.
    /// </summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether encoding ends with the EOS token; null means no. <c>bert</c> always has both.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Whether <c>llama</c> and <c>t5</c> put a space in front of the text; null means yes. Unused by <c>gpt2</c>.</summary>
    public bool? AddSpacePrefix { get; init; }

    /// <summary>
    /// Whether <c>llama</c> and <c>t5</c> trim spaces at both ends and join runs of them, as a SentencePiece model's normalizer may ask
    /// for; null means no for <c>llama</c> and yes for <c>t5</c>. Unused by <c>gpt2</c>.
    /// </summary>
    public bool? RemoveExtraWhitespaces { get; init; }

    /// <summary>
    /// The character map of a SentencePiece model's normalizer, compiled as SentencePiece does; null or empty for none. Unused by
    /// <c>gpt2</c>.
    /// </summary>
    public byte[]? PrecompiledCharsMap { get; init; }

    /// <summary>Tokens that end an answer besides EOS, EOT and those that are known by their text; null for none.</summary>
    public IReadOnlyList<int>? EndOfGenerationTokenIds { get; init; }

    /// <summary>Tokens that the model must never choose, as its author found; null for none.</summary>
    public IReadOnlyList<int>? SuppressedTokenIds { get; init; }
}
