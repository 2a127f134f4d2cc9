using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Settings;

/// <summary>What a user sets. Null leaves a value to the model's own recommendation, or to the runtime's default. Immutable.</summary>
public sealed record DesktopSettings
{
    /// <summary>Stands before every conversation.</summary>
    public string SystemPrompt { get; init; } = "";

    /// <summary>0 takes the likeliest token; more makes answers more varied.</summary>
    public float? Temperature { get; init; }

    /// <summary>Only so many of the likeliest tokens; 0: all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the likeliest tokens that make up this probability.</summary>
    public float? TopP { get; init; }

    /// <summary>Only tokens of at least this part of the likeliest one's probability.</summary>
    public float? MinP { get; init; }

    /// <summary>Divides the logits of tokens that were there already; 1: does nothing.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Tokens of an answer.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The same seed gives the same answer.</summary>
    public long? Seed { get; init; }

    /// <summary>Whether the model may call the tools of this program.</summary>
    public bool OffersTools { get; init; }

    /// <summary>Light or dark.</summary>
    public Theme Theme { get; init; }

    /// <summary>A path or a name like <c>hf:owner/repo:Q4_K_M</c>; null: the model that is built in.</summary>
    public string? Model { get; init; }

    /// <summary>A device as <see cref="ModelOptions.Device"/> names it.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Tokens of the context; null: the runtime's default.</summary>
    public int? ContextLength { get; init; }

    /// <summary>What these settings say about an answer.</summary>
    /// <param name="tools">The tools of this program.</param>
    public ChatOptions ToChatOptions(IList<AITool> tools)
    {
        var options = new ChatOptions
        {
            Instructions = string.IsNullOrWhiteSpace(SystemPrompt) ? null : SystemPrompt,
            Temperature = Temperature,
            TopK = TopK,
            TopP = TopP,
            MaxOutputTokens = MaxTokens,
            Seed = Seed,
            Tools = OffersTools ? tools : null,
            AdditionalProperties = [],
        };
        if (MinP is { } minP)
        {
            options.AdditionalProperties["min_p"] = minP;
        }

        if (RepetitionPenalty is { } penalty)
        {
            options.AdditionalProperties["repetition_penalty"] = penalty;
        }

        return options;
    }

    /// <summary>Says what is not allowed; null: nothing.</summary>
    public string? FindProblem()
    {
        try
        {
            new GenerationOptions
            {
                MaxTokens = MaxTokens,
                Sampling = new SamplingOptions
                {
                    Temperature = Temperature,
                    TopK = TopK,
                    TopP = TopP,
                    MinP = MinP,
                    RepetitionPenalty = RepetitionPenalty,
                },
            }.Validate();
            new ModelOptions { Device = Device, ContextLength = ContextLength }.Validate();
            return null;
        }
        catch (ArgumentException problem)
        {
            return problem.Message;
        }
    }
}
