namespace VkInfer.Tokenization;

/// <summary>Builds the <c>normalizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class NormalizerReader
{
    /// <summary>Longest text that a step puts in; published ones have one character.</summary>
    private const int MaxInserted = 1024;

    /// <summary>Reads a normalizer and those within it.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static Normalizer Read(JsonField node) => node.Type switch
    {
        "Sequence" => new NormalizerSequence([.. node.Required("normalizers").Items().Select(Read)]),
        "NFC" or "NFD" or "NFKC" or "NFKD" => Unicode(node.Type),
        "Lowercase" => new SimpleNormalizer(TextCleaning.Lower),
        "Prepend" => Prepend(Short(node.Required("prepend"))),
        "Append" => Append(Short(node.Required("append"))),
        "Strip" => new StripNormalizer(node.Bool("strip_left", true), node.Bool("strip_right", true)),
        "StripAccents" => new SimpleNormalizer(TextCleaning.RemoveMarks),
        "Replace" => new ReplaceNormalizer(
            Pattern.Read(node.Required("pattern")), Short(node.Required("content")), node.Required("pattern").Place),
        "Precompiled" => Precompiled(node.Required("precompiled_charsmap")),
        "Nmt" => new SimpleNormalizer(TextCleaning.Nmt),
        "ByteLevel" => new SimpleNormalizer(ByteLevelAlphabet.Encode),
        "BertNormalizer" => Bert(
            node.Bool("lowercase", true), node.Optional("strip_accents")?.AsBool(), node.Bool("clean_text", true),
            node.Bool("handle_chinese_chars", true)),
        _ => throw node.Required("type").Wrong(
            "one of Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Append, Strip, StripAccents, Replace, Precompiled, Nmt, ByteLevel, "
            + "BertNormalizer"),
    };

    /// <summary>A text that is put into every text that is encoded.</summary>
    private static string Short(JsonField node) => node.AsString() is { Length: <= MaxInserted } text
        ? text
        : throw node.Wrong($"at most {MaxInserted} characters");

    private static SimpleNormalizer Unicode(string form) => new(text => UnicodeForms.Normalize(text, form));

    private static SimpleNormalizer Prepend(string prefix) => new(text => text.Length == 0 ? text : prefix + text);

    private static SimpleNormalizer Append(string suffix) => new(text => text.Length == 0 ? text : text + suffix);

    private static SimpleNormalizer Precompiled(JsonField node)
    {
        byte[] bytes = new byte[node.AsString().Length];
        if (!Convert.TryFromBase64String(node.AsString(), bytes, out int length))
        {
            throw node.Wrong("base64");
        }

        return length == 0
            ? new SimpleNormalizer(text => text)
            : new SimpleNormalizer(CharsMap.Read(bytes.AsSpan(0, length), node.Place).ApplyByCluster);
    }

    /// <summary>BERT's.</summary>
    /// <param name="isLowercase">Whether text is put into lower case.</param>
    /// <param name="hasNoAccents">Whether accents go; null: where it is in lower case.</param>
    /// <param name="isCleaned">Whether controls go and white space becomes spaces.</param>
    /// <param name="spacesIdeographs">Whether ideographs are words of their own.</param>
    public static Normalizer Bert(
        bool isLowercase, bool? hasNoAccents = null, bool isCleaned = true, bool spacesIdeographs = true)
    {
        var steps = new List<Normalizer>();
        if (isCleaned)
        {
            steps.Add(new SimpleNormalizer(TextCleaning.Bert));
        }

        if (spacesIdeographs)
        {
            steps.Add(new SimpleNormalizer(TextCleaning.SpaceIdeographs));
        }

        if (hasNoAccents ?? isLowercase)
        {
            steps.Add(Unicode("NFD"));
            steps.Add(new SimpleNormalizer(TextCleaning.RemoveNonSpacingMarks));
        }

        if (isLowercase)
        {
            steps.Add(new SimpleNormalizer(TextCleaning.Lower));
        }

        return new NormalizerSequence(steps);
    }
}
