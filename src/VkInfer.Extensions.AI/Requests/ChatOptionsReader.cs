using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>
/// Options of Microsoft.Extensions.AI as the runtime takes them, but for tools, reasoning and the response's format. Each member is
/// honoured or refused, none is ignored.
/// </summary>
internal static class ChatOptionsReader
{
    /// <summary>Reads options over defaults.</summary>
    /// <param name="client">Who is asked, for <see cref="ChatOptions.RawRepresentationFactory"/>.</param>
    /// <param name="modelIds">What <see cref="ChatOptions.ModelId"/> may be.</param>
    /// <param name="defaults">What holds where the options say nothing.</param>
    /// <param name="options">The options.</param>
    public static GenerationOptions Read(
        IChatClient client, IReadOnlyList<string> modelIds, GenerationOptions defaults, ChatOptions options)
    {
        RefuseWhatIsMissing(options);
        if (options.ModelId is { } id && !modelIds.Contains(id))
        {
            throw new ArgumentException($"ChatOptions.ModelId is {id}, but this client runs {modelIds[^1]}.", nameof(options));
        }

        GenerationOptions asked = new()
        {
            MaxTokens = options.MaxOutputTokens,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : null,
            Sampling = new SamplingOptions
            {
                Temperature = options.Temperature,
                TopK = options.TopK,
                TopP = options.TopP,
                FrequencyPenalty = options.FrequencyPenalty,
                PresencePenalty = options.PresencePenalty,
                Seed = options.Seed is { } seed ? unchecked((ulong)seed) : null,
            },
        };
        if (options.AdditionalProperties is { } more)
        {
            asked = AdditionalOptions.Apply(more, asked);
        }

        GenerationOptions generation = asked.Over(BaseOf(client, options) ?? new GenerationOptions()).Over(defaults);
        generation.Validate();
        return generation;
    }

    private static void RefuseWhatIsMissing(ChatOptions options)
    {
        Refuse(options.ConversationId is not null, nameof(ChatOptions.ConversationId), "conversations are not kept; send all messages");
        Refuse(
            options.AllowBackgroundResponses == true, nameof(ChatOptions.AllowBackgroundResponses), "answers do not run in the background");
        Refuse(options.ContinuationToken is not null, nameof(ChatOptions.ContinuationToken), "answers do not run in the background");
    }

    private static void Refuse(bool asked, string option, string reason)
    {
        if (asked)
        {
            throw new NotSupportedException($"ChatOptions.{option}: {reason}.");
        }
    }

    private static GenerationOptions? BaseOf(IChatClient client, ChatOptions options) =>
        options.RawRepresentationFactory?.Invoke(client) switch
        {
            null => null,
            GenerationOptions generation => generation,
            { } other => throw new NotSupportedException(
                $"ChatOptions.RawRepresentationFactory gave {other.GetType()}; this client takes {typeof(GenerationOptions)}."),
        };
}
