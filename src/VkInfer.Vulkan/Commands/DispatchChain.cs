using System.Runtime.InteropServices;

namespace VkInfer.Vulkan;

/// <summary>
/// Counters by which dispatches wait for each other instead of by barriers (<c>include/chain.glsl</c>): a link's workgroups load what needs
/// nothing of the link before, wait until all workgroups of that have arrived, and arrive themselves at their end. It needs workgroups that
/// start in the order of their dispatches, which Vulkan does not promise: waits are bounded, and <see cref="HasFailed"/> says that one was
/// too long. Owns its buffers; lists that use it on one queue may share it. Thread-safe but for disposal.
/// </summary>
public sealed class DispatchChain : IDisposable
{
    /// <summary>Links of a list, at most.</summary>
    public const int MostLinks = 8192;

    // failed, unused, and the report's address.
    private const int HeaderBytes = 4 * sizeof(uint);

    private readonly GpuDevice _device;
    private readonly GpuBuffer _counters;
    private readonly GpuBuffer _report;

    /// <param name="device">Where; see <see cref="IsPossible"/>.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for its counters, 32 KiB.</exception>
    public DispatchChain(GpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _report = device.CreateBuffer(sizeof(uint), BufferKind.HostReadable, "chain.report");
        try
        {
            _counters = device.CreateBuffer(HeaderBytes + (MostLinks * sizeof(uint)), BufferKind.DeviceLocal, "chain.counters");
        }
        catch
        {
            _report.Dispose();
            throw;
        }

        try
        {
            Reset();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether a device has what chains need: memory operations whose effects pass from one invocation to the next.</summary>
    public static bool IsPossible(DeviceCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        return capabilities.VulkanMemoryModel && capabilities.MemoryModelChains && capabilities.BufferDeviceAddress;
    }

    /// <summary>
    /// Whether a wait was given up since the last <see cref="Reset"/>: what lists with the chain computed since is worth nothing. To be
    /// asked when their submissions have ended.
    /// </summary>
    public bool HasFailed => MemoryMarshal.Read<uint>(_report.MappedSpan) != 0;

    internal ulong Address => _counters.DeviceAddress;

    internal BufferView Arrivals => _counters.View(HeaderBytes, MostLinks * sizeof(uint));

    internal BufferView Report => _report.View(0, sizeof(uint));

    /// <summary>Forgets a failure. No list with the chain may run.</summary>
    public void Reset()
    {
        ulong report = _report.DeviceAddress;
        uint[] header = [0, 0, (uint)report, (uint)(report >> 32)];
        _device.Upload(_counters, 0, MemoryMarshal.AsBytes(header.AsSpan()));
        _report.MappedSpan.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _counters?.Dispose();
        _report.Dispose();
    }
}

/// <summary>A place in a chain, as dispatches take it among their push constants; default: none.</summary>
/// <param name="Address">Of the chain's counters.</param>
/// <param name="Index">The counter at which the dispatch's workgroups arrive.</param>
/// <param name="Arrivals">Those at the counter before that they wait for; 0: a barrier orders the dispatch.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ChainLink(ulong Address, uint Index, uint Arrivals)
{
    /// <summary>Whether the dispatch arrives at a counter.</summary>
    public bool IsChained => Address != 0;

    /// <summary>Whether it waits by itself, and needs no barrier.</summary>
    internal bool Waits => Arrivals > 0;
}
