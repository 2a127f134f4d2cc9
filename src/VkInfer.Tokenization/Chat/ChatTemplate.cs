namespace VkInfer.Tokenization;

/// <summary>How a chat becomes token ids. Immutable and thread-safe.</summary>
public abstract class ChatTemplate
{
    /// <summary>
    /// ChatML: <c>&lt;|im_start|&gt;role\ncontent&lt;|im_end|&gt;\n</c> per message. The markers must be control or
    /// user-defined tokens of the vocabulary. No system message is added, and contents are not trimmed.
    /// </summary>
    public static ChatTemplate ChatMl { get; } = new ChatMlTemplate();

    /// <summary>
    /// Renders a chat. Contents are encoded as ordinary text, so that what a user writes cannot begin or end a message.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer. BOS comes first where it asks for it.</param>
    /// <param name="messages">The messages, the oldest first; may be empty.</param>
    /// <param name="addGenerationPrompt">Ends with the opening of an assistant's message, for the model to go on.</param>
    /// <exception cref="TokenizerException">The vocabulary lacks a token that the template needs.</exception>
    public abstract int[] Render(Tokenizer tokenizer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt);
}
