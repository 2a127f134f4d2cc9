namespace VkInfer.Tokenization;

/// <summary>
/// What GGUF calls a tokenizer that a <c>tokenizer.json</c> describes: GGUF has no pipelines but names for those in use.
/// </summary>
/// <param name="Model"><c>gpt2</c>, <c>llama</c> or <c>t5</c>; null where GGUF has no name for it.</param>
/// <param name="PreTokenizer">For <c>gpt2</c> the name of the expressions that cut words.</param>
/// <param name="AddsSpacePrefix">Whether a space is put in front of a text.</param>
internal sealed record TokenizerLayout(string? Model, string? PreTokenizer, bool AddsSpacePrefix)
{
    /// <summary>Recognises the layout of a file whose parts are known to be valid.</summary>
    public static TokenizerLayout Of(JsonField root, bool isUnigram, bool hasByteFallback)
    {
        var steps = Flatten(root.Optional("pre_tokenizer"), "pretokenizers").ToList();
        var normalizers = Flatten(root.Optional("normalizer"), "normalizers").ToList();
        if (!isUnigram && steps.Exists(step => step.Type == "ByteLevel"))
        {
            string? name = PreTokenizers.FindName([.. steps.Select(Describe)]);
            return new TokenizerLayout(name is null ? null : "gpt2", name, false);
        }

        bool prefix = normalizers.Exists(step => step.Type == "Prepend")
            || steps.Exists(step => step.Type == "Metaspace" && SplitterReader.MetaspaceFields(step).PrependScheme != "never");
        bool isSentencePiece = isUnigram || hasByteFallback;
        return new TokenizerLayout(!isSentencePiece ? null : isUnigram ? "t5" : "llama", null, prefix);
    }

    private static string Describe(JsonField step) => step.Type switch
    {
        "Split" => step.Required("pattern").Optional("Regex")?.AsString() ?? "String",
        "Digits" => step.Bool("individual_digits", false) ? "Digits" : "Digits+",
        "ByteLevel" => step.Bool("use_regex", true) ? "ByteLevel" : "",
        _ => step.Type,
    };

    private static IEnumerable<JsonField> Flatten(JsonField? node, string list)
    {
        if (node is not { } present)
        {
            return [];
        }

        return present.Type == "Sequence" ? present.Required(list).Items().SelectMany(step => Flatten(step, list)) : [present];
    }
}
