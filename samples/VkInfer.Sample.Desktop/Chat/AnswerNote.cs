using System.Globalization;
using Microsoft.Extensions.AI;

namespace VkInfer.Samples.Desktop.Chat;

/// <summary>What is told about an answer that has ended.</summary>
internal static class AnswerNote
{
    /// <summary>Tokens and speeds, and whether the answer is whole; null where nothing is known.</summary>
    public static string? Of(RunningAnswer answer)
    {
        string? end = answer.FinishReason() == ChatFinishReason.Length ? "Cut off: the limit of tokens was reached. " : null;
        return answer.Usage() is { } usage ? end + Describe(usage) : end;
    }

    private static string Describe(Usage usage) => string.Create(
        CultureInfo.InvariantCulture,
        $"{usage.CompletionTokens} tokens at {usage.DecodeTokensPerSecond:F1} tokens/s, prompt of {usage.PromptTokens} ({usage.CachedTokens} cached)");
}
