namespace VkInfer.Samples.Desktop.Statistics;

/// <summary>What the engine said of itself at one moment.</summary>
/// <param name="TokensPerSecond">Tokens that steps processed since the sample before, of prompts and of answers.</param>
/// <param name="HeldPages">KV pages of conversations that are being answered, or rest with their pages.</param>
/// <param name="CachedPages">KV pages that are kept as prefixes.</param>
/// <param name="AllocatedBytes">Device memory that was taken.</param>
/// <param name="AvailableBytes">Device memory that is left.</param>
public readonly record struct StatisticsSample(
    double TokensPerSecond, long HeldPages, long CachedPages, long AllocatedBytes, long AvailableBytes);
