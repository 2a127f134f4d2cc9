using System.Globalization;

namespace VkInfer.Samples;

/// <summary>Adds up what the answers of a chat cost. Not thread-safe.</summary>
internal sealed class ChatStatistics
{
    private int _answers;
    private Usage _total = new(0, 0, 0, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Counts one answer.</summary>
    public void Add(Usage usage)
    {
        _answers++;
        _total = new Usage(
            _total.PromptTokens + usage.PromptTokens, _total.CachedTokens + usage.CachedTokens,
            _total.CompletionTokens + usage.CompletionTokens, _total.PrefillTime + usage.PrefillTime,
            _total.DecodeTime + usage.DecodeTime);
    }

    /// <summary>All answers so far, in words.</summary>
    /// <param name="position">Tokens in the context.</param>
    /// <param name="capacity">Tokens the context holds.</param>
    public string Describe(int position, int capacity) => string.Create(
        CultureInfo.InvariantCulture, $"{_answers} answers: {Describe(_total)}; context {position} of {capacity} tokens");

    /// <summary>One answer, in words.</summary>
    public static string Describe(Usage usage) => string.Create(
        CultureInfo.InvariantCulture,
        $"{usage.CompletionTokens} tokens at {usage.DecodeTokensPerSecond:F1} tokens/s, prompt {usage.PromptTokens} tokens at "
        + $"{usage.PrefillTokensPerSecond:F1} tokens/s, {usage.CachedTokens} cached");
}
