using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// A buffer that a caller and the engine both hold: freed when neither does, since a caller that gives up does not wait for the step that
/// writes it. Thread-safe.
/// </summary>
/// <param name="buffer">The buffer; owned.</param>
internal sealed class SharedRows(GpuBuffer buffer)
{
    private int _holders = 1;

    /// <summary>The buffer, for who holds it.</summary>
    public GpuBuffer Buffer => buffer;

    /// <summary>Adds a holder; by one.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>Ends a hold.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            buffer.Dispose();
        }
    }
}
