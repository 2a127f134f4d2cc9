using System.Text.Json;

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
    /// A template in Jinja, as Hugging Face's and GGUF's <c>chat_template</c> hold it. It sees the variables that transformers gives
    /// it: messages, tools, documents, add_generation_prompt, and the texts of the tokens BOS, EOS, unknown and padding.
    /// </summary>
    /// <remarks>
    /// Markers are recognised in what the template writes, and never in texts of messages and variables that it passes on: control
    /// tokens, tokens that look like them (<c>&lt;|…|&gt;</c>), and whatever else the template writes that the vocabulary holds as one
    /// token, of any shape and kind. A template that looks for a marker in a message does not find it, except in messages of the
    /// assistant where it looks for one that is no control token, as <c>&lt;/think&gt;</c>. Other user-defined tokens are tokens in
    /// everybody's text. Words that make up a template's format but are no tokens can be forged: no encoding tells them apart.
    /// </remarks>
    /// <param name="source">The template's text. It is not trusted: time and memory it can take are bounded.</param>
    /// <exception cref="ChatTemplateException">The text is no template.</exception>
    public static ChatTemplate FromJinja(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new JinjaChatTemplate(source);
    }

    /// <summary>
    /// Renders a chat. Contents are encoded as ordinary text, so that what a user writes cannot begin or end a message.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer. BOS comes first, once, where it asks for it or the template writes it.</param>
    /// <param name="messages">The messages, the oldest first; may be empty.</param>
    /// <param name="addGenerationPrompt">Ends with the opening of an assistant's message, for the model to go on.</param>
    /// <param name="variables">
    /// A JSON object whose members a Jinja template sees as variables, as <c>tools</c> or <c>enable_thinking</c>; ChatML has no use for
    /// it. Null for none.
    /// </param>
    /// <exception cref="TokenizerException">The vocabulary lacks a token that the template needs.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the chat, fails, or takes too much time or memory.</exception>
    public abstract int[] Render(
        Tokenizer tokenizer, IReadOnlyList<TemplateMessage> messages, bool addGenerationPrompt, JsonElement? variables = null);

    /// <summary>A role as templates write it.</summary>
    private protected static string Name(TemplateRole role) => role switch
    {
        TemplateRole.System => "system",
        TemplateRole.User => "user",
        TemplateRole.Assistant => "assistant",
        TemplateRole.Tool => "tool",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Unknown chat role."),
    };
}
