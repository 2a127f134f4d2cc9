using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>What the runtime says of an answer, in the terms of Microsoft.Extensions.AI.</summary>
internal static class Answers
{
    public static ChatFinishReason ToFinishReason(FinishReason reason, bool hasCalls) => reason switch
    {
        FinishReason.MaxTokens or FinishReason.ContextFull or FinishReason.DeadlineExceeded or FinishReason.OutOfPages =>
            ChatFinishReason.Length,
        _ => hasCalls ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop,
    };

    public static UsageDetails ToUsage(Usage usage, int reasoningTokens) => new()
    {
        InputTokenCount = usage.PromptTokens,
        CachedInputTokenCount = usage.CachedTokens,
        OutputTokenCount = usage.CompletionTokens,
        ReasoningTokenCount = reasoningTokens,
        TotalTokenCount = usage.PromptTokens + usage.CompletionTokens,
    };
}
