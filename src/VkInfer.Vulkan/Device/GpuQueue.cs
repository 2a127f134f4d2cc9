using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// A VkQueue with a timeline of its own. Two of these may share one VkQueue; they then share its lock. Thread-safe; submitting
/// allocates nothing.
/// </summary>
internal sealed unsafe class GpuQueue : IDisposable
{
    private readonly DeviceContext _context;
    private readonly Queue _queue;
    private ulong _submitted;

    public GpuQueue(DeviceContext context, uint family, string name, GpuQueue? sharing = null)
    {
        _context = context;
        Family = family;
        Lock = sharing is not null && sharing.Family == family ? sharing.Lock : new Lock();
        Queue queue;
        context.Vk.GetDeviceQueue(context.Handle, family, 0, &queue);
        _queue = queue;
        Timeline = new Timeline(context, name);
    }

    public uint Family { get; }

    /// <summary>Held around every use of the VkQueue.</summary>
    public Lock Lock { get; }

    public Timeline Timeline { get; }

    /// <summary>Timeline value of the latest submission.</summary>
    public ulong Submitted => Volatile.Read(ref _submitted);

    /// <summary>Whether anything was handed to the queue, be it in a call that failed: a lost device may still be at it.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>
    /// Submits command buffers in one call, after <paramref name="waitValue"/> of another timeline; returns the value it signals.
    /// </summary>
    /// <remarks>The caller holds <see cref="Lock"/>.</remarks>
    public ulong Submit(CommandBufferSubmitInfo* commands, int count, Timeline? wait, ulong waitValue)
    {
        ulong value = _submitted + 1;
        var waitInfo = new SemaphoreSubmitInfo
        {
            SType = StructureType.SemaphoreSubmitInfo,
            Semaphore = wait is null ? default : wait.Semaphore,
            Value = waitValue,
            StageMask = PipelineStageFlags2.AllCommandsBit,
        };
        var signalInfo = new SemaphoreSubmitInfo
        {
            SType = StructureType.SemaphoreSubmitInfo,
            Semaphore = Timeline.Semaphore,
            Value = value,
            StageMask = PipelineStageFlags2.AllCommandsBit,
        };
        var info = new SubmitInfo2
        {
            SType = StructureType.SubmitInfo2,
            WaitSemaphoreInfoCount = wait is null || wait.IsComplete(waitValue) ? 0u : 1u,
            PWaitSemaphoreInfos = &waitInfo,
            CommandBufferInfoCount = (uint)count,
            PCommandBufferInfos = commands,
            SignalSemaphoreInfoCount = 1,
            PSignalSemaphoreInfos = &signalInfo,
        };
        IsUsed = true;
        _context.Check(_context.Vk.QueueSubmit2(_queue, 1, &info, default), "vkQueueSubmit2");
        Volatile.Write(ref _submitted, value);
        return value;
    }

    public void Dispose() => Timeline.Dispose();
}
