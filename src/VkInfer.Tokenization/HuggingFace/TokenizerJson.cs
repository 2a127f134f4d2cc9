namespace VkInfer.Tokenization;

/// <summary>
/// Reads Hugging Face's <c>tokenizer.json</c>: BPE, unigram and WordPiece models with the normalizers, pre-tokenizers, decoders and
/// post-processors that language models use. What is not supported is refused by name; nothing in the file is trusted.
/// </summary>
public static class TokenizerJson
{
    /// <summary>Builds the tokenizer that a file describes.</summary>
    /// <param name="json">The bytes of the file.</param>
    /// <param name="settings">What other files say; null: nothing.</param>
    /// <exception cref="TokenizerException">The file is wrong or asks for what is not supported.</exception>
    public static Tokenizer Create(ReadOnlyMemory<byte> json, TokenizerSettings? settings = null)
    {
        var parts = TokenizerParts.Read(json);
        TokenizerData data = (settings ?? new TokenizerSettings()).Apply(parts.ToData());
        var vocabulary = new Vocabulary(data);
        var raw = new List<SpecialToken>();
        var normalized = new Dictionary<string, (SpecialToken Raw, SpecialToken Normalized)>(StringComparer.Ordinal);
        foreach (AddedToken token in parts.AddedTokens.Where(token => token.Id < vocabulary.Count).DistinctBy(token => token.Text))
        {
            if (!token.IsNormalized)
            {
                raw.Add(token.ToSpecial(token.Text));
            }
            else if ((parts.Normalizer?.Apply(token.Text) ?? token.Text) is { Length: > 0 } text)
            {
                normalized.TryAdd(text, (token.ToSpecial(token.Text), token.ToSpecial(text)));
            }
        }

        var frame = new TokenizerFrame(
            new SpecialTokens(raw),
            Frame(parts.PostProcessor.Before, data.AddBos, data.BosTokenId),
            Frame(parts.PostProcessor.After, data.AddEos, data.EosTokenId));
        foreach (int id in frame.Before.Concat(frame.After))
        {
            _ = vocabulary.CheckId("post_processor", id);
        }

        return new PipelineTokenizer(parts, data, vocabulary, frame, [.. normalized.Values]);
    }

    /// <summary>The vocabulary as GGUF has it, for writing one.</summary>
    /// <param name="json">The bytes of the file.</param>
    /// <param name="settings">What other files say.</param>
    /// <exception cref="TokenizerException">The file is wrong, or GGUF has no name for what it describes.</exception>
    public static TokenizerData ReadData(ReadOnlyMemory<byte> json, TokenizerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var parts = TokenizerParts.Read(json);
        if (parts.Layout.Model is null)
        {
            throw new TokenizerException("pre_tokenizer", "one that GGUF has a name for", "another");
        }

        TokenizerData data = settings.Apply(parts.ToData());
        return data with
        {
            AddBos = Frame(parts.PostProcessor.Before, data.AddBos, data.BosTokenId).Length > 0,
            AddEos = Frame(parts.PostProcessor.After, data.AddEos, data.EosTokenId).Length > 0,
        };
    }

    /// <summary>The tokens at one side of a text: as the template says, unless a setting says otherwise.</summary>
    private static int[] Frame(IReadOnlyList<int> template, bool? add, int? token) => add switch
    {
        true when token is { } id && !template.Contains(id) => [id, .. template],
        false => [.. template.Where(id => id != token)],
        _ => [.. template],
    };
}
