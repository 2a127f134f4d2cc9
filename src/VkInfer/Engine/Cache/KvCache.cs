using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Cache;

/// <summary>
/// How the device finds the keys and values of one sequence: a block table of page addresses for each group of layers; and what attention
/// over them counts. Owns its buffers, not the pages; not thread-safe.
/// </summary>
internal sealed class KvCache : IDisposable
{
    // Every table begins where a view may.
    private const int Alignment = 256;

    private readonly KvStore _store;
    private readonly GpuBuffer _blocks;

    /// <param name="device">Where.</param>
    /// <param name="store">Where pages lie; not owned.</param>
    /// <param name="capacity">Positions that the sequence may have.</param>
    /// <param name="softmax">How attention accumulates.</param>
    public KvCache(GpuDevice device, KvStore store, int capacity, SoftmaxPlan softmax)
    {
        _store = store;
        Capacity = capacity;
        Softmax = softmax;
        int entries = Alignment / KvLayout.BlockBytes;
        BlockStride = (KvLayout.PageCount(capacity) + entries - 1) / entries * entries;
        int tables = Groups + (store.States.SizeInBytes > 0 ? 1 : 0);
        _blocks = device.CreateBuffer((long)tables * BlockStride * KvLayout.BlockBytes, BufferKind.HostWritable, "kv.blocks");
        try
        {
            SoftmaxStats = device.CreateBuffer(Kernels.SoftmaxStats.SizeInBytes, BufferKind.DeviceLocal, "kv.softmax_stats");
        }
        catch
        {
            _blocks.Dispose();
            throw;
        }
    }

    /// <summary>Positions that the sequence may have.</summary>
    public int Capacity { get; }

    /// <summary>How elements are stored.</summary>
    public KvType Type => _store.Type;

    /// <summary>How attention accumulates.</summary>
    public SoftmaxPlan Softmax { get; }

    /// <summary>What the asynchronized softmax counted.</summary>
    public GpuBuffer SoftmaxStats { get; }

    /// <summary>Entries from one group's block table to the next.</summary>
    public int BlockStride { get; }

    /// <summary>Groups of layers.</summary>
    public int Groups => _store.Groups.Count;

    /// <summary>Where a layer's keys and values lie in a page.</summary>
    public KvLayer Layer(int index) => _store.Layer(index);

    /// <summary>The block table that names a layer's pages.</summary>
    public BufferView Blocks(int layer) => Table(_store.Layer(layer).Group);

    /// <summary>Where a recurrent layer's part of the state lies.</summary>
    public StateLayer State(int layer) => _store.State(layer);

    /// <summary>The block table that names the recurrent state.</summary>
    public BufferView States => Table(Groups);

    /// <summary>What a table of sequences says of this one.</summary>
    public SequenceKeeps Keeps(BufferView? stepState = null) => new(_blocks, BlockStride, Capacity, SoftmaxStats, stepState);

    /// <summary>
    /// Says where the page lies that holds a group's positions from so many pages on; no step that reads that may be under way.
    /// </summary>
    public void Name(int group, int index, ulong address) =>
        _blocks.Write((((long)group * BlockStride) + index) * KvLayout.BlockBytes, new ReadOnlySpan<ulong>(in address));

    /// <summary>Says where the recurrent state lies; no step that reads that may be under way.</summary>
    public void NameState(ulong address) => Name(Groups, 0, address);

    /// <summary>Zeroes the counters.</summary>
    public void RecordClear(CommandList commands) => commands.Fill(SoftmaxStats, 0);

    private BufferView Table(int group)
    {
        long bytes = (long)BlockStride * KvLayout.BlockBytes;
        return _blocks.View(group * bytes, bytes);
    }

    public void Dispose()
    {
        SoftmaxStats.Dispose();
        _blocks.Dispose();
    }
}
