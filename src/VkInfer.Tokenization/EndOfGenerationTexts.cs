namespace VkInfer.Tokenization;

/// <summary>Texts of tokens after which a model has nothing more to say.</summary>
public static class EndOfGenerationTexts
{
    /// <summary>Those that llama.cpp knows (llama-vocab.cpp), whatever type a vocabulary gives them.</summary>
    public static IReadOnlyList<string> LlamaCpp { get; } =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "[e~[",
    ];

    /// <summary>All: those, and more that models mark as special.</summary>
    public static IReadOnlyList<string> All { get; } = [.. LlamaCpp, "<|eot|>", "<|eom|>", "<EOS>", "<|END_OF_TURN_TOKEN|>"];

    /// <summary>
    /// Texts that end no answer of a vocabulary although they are in the list: a channel's end in gpt-oss and Solar Open, where other
    /// tokens end the answer, and <c>&lt;/s&gt;</c> in Gemma 4, as llama.cpp has it.
    /// </summary>
    /// <param name="has">Whether the vocabulary has a token of this text among those that end an answer.</param>
    internal static IEnumerable<string> Exceptions(Func<string, bool> has)
    {
        bool hasCall = has("<|call|>") || has("<|calls|>");
        if (hasCall && (has("<|return|>") || has("<|flush|>")))
        {
            yield return "<|end|>";
        }

        if (has("<|tool_response>"))
        {
            yield return "</s>";
        }
    }
}
