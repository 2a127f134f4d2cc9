using VkInfer.Vulkan;

namespace VkInfer.Engine.Execution;

/// <summary>Commands that are submitted once, between those that are replayed: copies and clears. Not thread-safe.</summary>
/// <param name="device">Where.</param>
/// <param name="cancellation">Ends the wait for a list.</param>
internal sealed class OnceLists(GpuDevice device, Cancellation cancellation) : IDisposable
{
    // A list waits for its last use only when all others are under way.
    private const int Lists = 8;

    private readonly (CommandList? List, Submission Use)[] _lists = new (CommandList?, Submission)[Lists];
    private int _next;

    /// <summary>Records commands and submits them.</summary>
    public Submission Submit(Action<CommandList> record)
    {
        ref (CommandList? List, Submission Use) entry = ref _lists[_next++ % Lists];
        entry.List ??= device.CreateCommandList("step.once");
        device.Wait(entry.Use, cancellation);
        entry.List.Record(record);
        return entry.Use = device.SubmitOnce(entry.List);
    }

    public void Dispose()
    {
        foreach ((CommandList? list, Submission _) in _lists)
        {
            list?.Dispose();
        }
    }
}
