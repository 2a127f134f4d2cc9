namespace VkInfer.Tests.Engine;

/// <summary>A clock that stands still but for the test.</summary>
internal sealed class TestClock : TimeProvider
{
    public TimeSpan Now { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;
}
