using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>Time stamps before and after each dispatch of a list. They keep dispatches that might overlap apart.</summary>
internal sealed class DispatchProfile(DeviceContext context) : IDisposable
{
    private readonly TimestampArena _stamps = new(context);
    private readonly List<(string Name, DispatchWork Work)> _dispatches = [];
    private DispatchWork? _next;

    public void Reset()
    {
        _stamps.Reset();
        _dispatches.Clear();
        _next = null;
    }

    /// <summary>Says what the next dispatch has to do.</summary>
    public void Describe(in DispatchWork work) => _next = work;

    public void Before(CommandBuffer commands, string name, ReadOnlySpan<BufferView> views)
    {
        DispatchWork work = _next ?? new DispatchWork("");
        _next = null;
        _dispatches.Add((name, work.Bytes is null ? work with { Bytes = Bytes(views) } : work));
        _stamps.Record(commands, name);
    }

    public void After(CommandBuffer commands) => _stamps.Record(commands, "");

    public DispatchTime[] Read()
    {
        (string Label, double Microseconds)[] stamps = _stamps.Read();
        return stamps.Length == 0 ? [] :
        [
            .. _dispatches.Select((dispatch, i) => new DispatchTime(
                dispatch.Name, dispatch.Work, stamps[2 * i].Microseconds, stamps[(2 * i) + 1].Microseconds)),
        ];
    }

    public void Dispose() => _stamps.Dispose();

    private static long Bytes(ReadOnlySpan<BufferView> views)
    {
        var seen = new HashSet<BufferView>();
        long bytes = 0;
        foreach (BufferView view in views)
        {
            bytes += seen.Add(view) ? view.Length : 0;
        }

        return bytes;
    }
}
