namespace VkInfer.Jinja;

/// <summary>The numbers from start to stop, the latter excluded.</summary>
internal sealed record RangeValue(long Start, long Stop, long Step)
{
    /// <summary>The most numbers that the sandbox lets a range have.</summary>
    public const int MaxCount = 100_000;

    /// <summary>How many numbers; the largest integer where there are more.</summary>
    public long Count => (long)Int128.Clamp(
        Step > 0 ? ((Int128)Stop - Start + Step - 1) / Step : ((Int128)Start - Stop - Step - 1) / -(Int128)Step, 0, long.MaxValue);

    public long this[long index] => Start + (index * Step);
}
