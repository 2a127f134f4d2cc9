using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// What files beside the tokenizer's own say about it, as a Hugging Face folder has them (<c>tokenizer_config.json</c>,
/// <c>generation_config.json</c>, <c>config.json</c>). Immutable.
/// </summary>
public sealed record TokenizerSettings
{
    /// <summary>Lower than any piece that is meant to be chosen.</summary>
    private const float UnusedScore = -1000;

    /// <summary>Text of the token that begins a text; null: what the tokenizer says.</summary>
    public string? BosToken { get; init; }

    /// <summary>Text of the token that ends a text; null: what the tokenizer says.</summary>
    public string? EosToken { get; init; }

    /// <summary>Text of the token that fills batches; null: what the tokenizer says.</summary>
    public string? PaddingToken { get; init; }

    /// <summary>Id of the token that begins a text, where no text says it.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Id of the token that ends a text, where no text says it.</summary>
    public int? EosTokenId { get; init; }

    /// <summary>Whether encoding begins with BOS; null: what the tokenizer says.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether encoding ends with EOS; null: what the tokenizer says.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Tokens that end an answer besides EOS.</summary>
    public IReadOnlyList<int> EndOfGenerationTokenIds { get; init; } = [];

    /// <summary>Tokens that the model must never choose.</summary>
    public IReadOnlyList<int> SuppressedTokenIds { get; init; } = [];

    /// <summary>Tokens that the weights know; what the tokenizer lacks is filled up with unused ones. Null: as many as it has.</summary>
    public int? VocabSize { get; init; }

    /// <summary>Tokens beyond the tokenizer's own, or of another kind than it says: id, text, and whether it is a control token.</summary>
    public IReadOnlyList<(int Id, string Text, bool IsControl)> AddedTokens { get; init; } = [];

    /// <summary>Told of special tokens that the vocabulary has not, which then are none; null: nobody.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>The data with these settings in it. A special token that the vocabulary does not have is none.</summary>
    /// <exception cref="TokenizerException">The weights know fewer tokens, or an added token leaves a gap.</exception>
    public TokenizerData Apply(TokenizerData data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var tokens = data.Tokens.ToList();
        List<int> types = (data.TokenTypes ?? [.. Enumerable.Repeat((int)TokenKind.Normal, tokens.Count)]).ToList();
        AddTokens(tokens, types);
        int count = VocabSize ?? tokens.Count;
        if (tokens.Count > count)
        {
            RemoveUnknown(tokens, types, count);
        }

        for (int id = tokens.Count; id < count; id++)
        {
            tokens.Add(Encoding.UTF8.GetBytes($"[PAD{id}]"));
            types.Add((int)TokenKind.Unused);
        }

        float[]? scores = data.Scores is null ? null
            : [.. data.Scores.Take(count), .. Enumerable.Repeat(UnusedScore, Math.Max(0, count - data.Scores.Length))];
        return data with
        {
            Tokens = tokens,
            TokenTypes = [.. types],
            Scores = scores,
            BosTokenId = Known(tokens, "bos_token", BosToken, BosTokenId ?? data.BosTokenId),
            EosTokenId = Known(tokens, "eos_token", EosToken, EosTokenId ?? data.EosTokenId),
            PaddingTokenId = Known(tokens, "pad_token", PaddingToken, data.PaddingTokenId),
            AddBos = AddBos ?? data.AddBos,
            AddEos = AddEos ?? data.AddEos,
            EndOfGenerationTokenIds =
            [
                .. data.EndOfGenerationTokenIds ?? [],
                .. EndOfGenerationTokenIds.Where(id => Known(tokens, "eos_token_id", null, id) is not null),
            ],
            SuppressedTokenIds =
            [
                .. data.SuppressedTokenIds ?? [],
                .. SuppressedTokenIds.Where(id => Known(tokens, "suppress_tokens", null, id) is not null),
            ],
        };
    }

    /// <summary>
    /// Leaves out tokens that the weights do not know where they were added to the vocabulary, as padding often is without the model: the
    /// model never makes them.
    /// </summary>
    private void RemoveUnknown(List<byte[]> tokens, List<int> types, int count)
    {
        if (types.Skip(count).Any(type => type is not ((int)TokenKind.Control or (int)TokenKind.UserDefined)))
        {
            throw new TokenizerException(nameof(TokenizerData.Tokens), $"at most {count} tokens, which the weights know",
                $"{tokens.Count}");
        }

        Warn?.Invoke($"the weights know {count} tokens: added tokens {count} to {tokens.Count - 1} are left out");
        tokens.RemoveRange(count, tokens.Count - count);
        types.RemoveRange(count, types.Count - count);
    }

    private void AddTokens(List<byte[]> tokens, List<int> types)
    {
        foreach ((int id, string text, bool isControl) in AddedTokens.OrderBy(token => token.Id))
        {
            if (id < 0 || id > tokens.Count)
            {
                throw new TokenizerException(nameof(AddedTokens), $"an id from 0 to {tokens.Count}", $"{id}");
            }

            if (id == tokens.Count)
            {
                tokens.Add(Encoding.UTF8.GetBytes(text));
                types.Add(0);
            }
            else if (types[id] is (int)TokenKind.Unknown or (int)TokenKind.Byte)
            {
                continue;
            }

            types[id] = (int)(isControl ? TokenKind.Control : TokenKind.UserDefined);
        }
    }

    /// <summary>The token of a text; an empty text is none. Without a text the one of an id.</summary>
    private int? Known(List<byte[]> tokens, string field, string? text, int? id)
    {
        if (text is { Length: 0 } || (text is null && id is null))
        {
            return null;
        }

        int? known = text is null ? id : TryFind(tokens, text);
        if (known is >= 0 && known < tokens.Count)
        {
            return known;
        }

        string said = text is null ? $"{id}" : TokenizerException.Show(text);
        Warn?.Invoke($"{field} is {said}, which is not in the vocabulary of {tokens.Count} tokens: there is none");
        return null;
    }

    private static int? TryFind(List<byte[]> tokens, string? text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text ?? "");
        int id = bytes.Length == 0 ? -1 : tokens.FindIndex(token => token.AsSpan().SequenceEqual(bytes));
        return id < 0 ? null : id;
    }
}
