using Microsoft.Extensions.Logging;

namespace VkInfer.Extensions.AI;

/// <summary>What the client logs. No message holds text of a conversation.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Loading {Model}")]
    public static partial void Loading(ILogger logger, string model);

    [LoggerMessage(2, LogLevel.Information, "Loaded {Model} on {Device} in {Milliseconds:F0} ms")]
    public static partial void Loaded(ILogger logger, string model, string device, double milliseconds);

    [LoggerMessage(3, LogLevel.Error, "Loading failed; the next request tries again")]
    public static partial void LoadFailed(ILogger logger, Exception problem);

    [LoggerMessage(4, LogLevel.Debug, "Answered {InputTokens} tokens with {OutputTokens} in {Milliseconds:F0} ms ({FinishReason})")]
    public static partial void Answered(
        ILogger logger, long inputTokens, long outputTokens, double milliseconds, FinishReason finishReason);

    [LoggerMessage(5, LogLevel.Debug, "An answer was cancelled after {Milliseconds:F0} ms")]
    public static partial void Cancelled(ILogger logger, double milliseconds);

    [LoggerMessage(6, LogLevel.Warning, "An answer failed after {Milliseconds:F0} ms")]
    public static partial void Failed(ILogger logger, double milliseconds, Exception problem);

    [LoggerMessage(7, LogLevel.Error, "The device of {Model} was lost; the next request loads it again")]
    public static partial void DeviceLost(ILogger logger, string model, Exception problem);
}
