using System.Text.Json;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>A conversation and its options, as the runtime takes them.</summary>
/// <param name="Messages">The conversation as the model's template takes it.</param>
/// <param name="Generation">How to answer.</param>
/// <param name="TemplateVariables">What the template sees beside the conversation; null: nothing.</param>
internal sealed record ChatRequest(
    IReadOnlyList<Tokenization.ChatMessage> Messages, GenerationOptions Generation, JsonElement? TemplateVariables)
{
    /// <summary>Reads a request; what cannot be honoured is refused, naming it.</summary>
    /// <param name="client">Who is asked.</param>
    /// <param name="modelIds">What <see cref="ChatOptions.ModelId"/> may be.</param>
    /// <param name="defaults">What holds where the options say nothing.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">The options; null: the defaults.</param>
    /// <exception cref="NotSupportedException">A message or an option asks for what the runtime does not have.</exception>
    /// <exception cref="ArgumentException">An option's value is not allowed.</exception>
    public static ChatRequest Read(
        IChatClient client, IReadOnlyList<string> modelIds, GenerationOptions defaults, IEnumerable<ChatMessage> messages,
        ChatOptions? options) => new(
            MessageReader.Read(messages, options?.Instructions),
            options is null ? defaults : ChatOptionsReader.Read(client, modelIds, defaults, options),
            options?.AdditionalProperties is { } more ? AdditionalOptions.ReadTemplateVariables(more) : null);

    /// <summary>The prompt's token ids.</summary>
    public int[] Render(Model model) => model.ChatTemplate.Render(model.Tokenizer, Messages, addGenerationPrompt: true, TemplateVariables);
}
