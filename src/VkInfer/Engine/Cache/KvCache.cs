using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Keys and values of one session: the pages that it holds, and the block tables by which the device finds them; and how attention over
/// them accumulates its softmax. It takes pages as it gets longer. Owns its buffers, and its hold of the pages; not thread-safe.
/// </summary>
internal sealed class KvCache : IDisposable
{
    private readonly GpuDevice _device;
    private readonly KvStore _store;
    private readonly GpuBuffer _blocks;
    private readonly List<int>[] _pages;

    public KvCache(GpuDevice device, KvStore store, int capacity, SoftmaxPlan softmax)
    {
        _device = device;
        _store = store;
        Capacity = capacity;
        Softmax = softmax;
        BlockStride = KvLayout.PageCount(capacity);
        _pages = [.. store.Groups.Select(_ => new List<int>(BlockStride))];

        // Every table begins where a view may.
        int entries = Alignment / KvLayout.BlockBytes;
        BlockStride = (BlockStride + entries - 1) / entries * entries;
        _blocks = device.CreateBuffer((long)_pages.Length * BlockStride * KvLayout.BlockBytes, BufferKind.HostWritable, "kv.blocks");
        try
        {
            SoftmaxStats = device.CreateBuffer(Kernels.SoftmaxStats.SizeInBytes, BufferKind.DeviceLocal, "kv.softmax_stats");
            Sequence = new SequenceTable(device, 1, isFixed: true);
            Sequence.Set(0, Keeps());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private const int Alignment = 256;

    public int Capacity { get; }

    public KvType Type => _store.Type;

    public SoftmaxPlan Softmax { get; }

    /// <summary>What the asynchronized softmax counted.</summary>
    public GpuBuffer SoftmaxStats { get; }

    /// <summary>A table whose only sequence this is.</summary>
    public SequenceTable Sequence { get; }

    /// <summary>Counters of every layer's scores while the softmax is calibrated; else null.</summary>
    public ScoreCounters? ScoreStatistics { get; set; }

    /// <summary>Entries from one group's block table to the next.</summary>
    public int BlockStride { get; }

    /// <summary>Groups of layers.</summary>
    public int Groups => _pages.Length;

    /// <summary>Pages held, of all groups.</summary>
    public int PageCount => _pages.Sum(pages => pages.Count);

    public KvLayer Layer(int index) => _store.Layer(index);

    /// <summary>The block table that names a layer's pages.</summary>
    public BufferView Blocks(int layer)
    {
        long bytes = (long)BlockStride * KvLayout.BlockBytes;
        return _blocks.View(_store.Layer(layer).Group * bytes, bytes);
    }

    /// <summary>What a table of sequences says of this one.</summary>
    public SequenceKeeps Keeps(BufferView? stepState = null) => new(_blocks, BlockStride, Capacity, SoftmaxStats, stepState);

    /// <summary>Whether a page must be copied before this position is written; then no step of the session may be under way.</summary>
    public bool MustCopy(int position)
    {
        int index = position / KvLayout.PageTokens;
        foreach (List<int> pages in _pages)
        {
            if (index < pages.Count && _store.IsShared(pages[index]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Makes room for positions up to <paramref name="end"/>, of which those from <paramref name="first"/> on will be written.
    /// </summary>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for them; what was cached stays.</exception>
    public void Reserve(int first, int end)
    {
        int needed = KvLayout.PageCount(end);
        int index = first / KvLayout.PageTokens;
        for (int group = 0; group < _pages.Length; group++)
        {
            List<int> pages = _pages[group];
            if (index < pages.Count && _store.IsShared(pages[index]))
            {
                Copy(group, index);
            }

            while (pages.Count < needed)
            {
                pages.Add(_store.Take());
                Name(group, pages.Count - 1);
            }
        }
    }

    /// <summary>
    /// Gives back the pages behind the first <paramref name="length"/> positions; no step of the session may be under way.
    /// </summary>
    public void Truncate(int length)
    {
        int kept = KvLayout.PageCount(length);
        foreach (List<int> pages in _pages)
        {
            while (pages.Count > kept)
            {
                _store.Release(pages[^1]);
                pages.RemoveAt(pages.Count - 1);
            }
        }
    }

    /// <summary>
    /// Holds the pages of the first <paramref name="length"/> positions of another cache of the same store; this one is empty.
    /// </summary>
    public void Share(KvCache source, int length)
    {
        for (int group = 0; group < _pages.Length; group++)
        {
            foreach (int page in source._pages[group].Take(KvLayout.PageCount(length)))
            {
                _store.Hold(page);
                _pages[group].Add(page);
                Name(group, _pages[group].Count - 1);
            }
        }
    }

    /// <summary>Zeroes the counters.</summary>
    public void RecordClear(CommandList commands) => commands.Fill(SoftmaxStats, 0);

    public void Dispose()
    {
        Truncate(0);
        Sequence?.Dispose();
        SoftmaxStats?.Dispose();
        _blocks.Dispose();
    }

    private void Copy(int group, int index)
    {
        int from = _pages[group][index];
        int to = _store.Take();
        try
        {
            using CommandList commands = _device.CreateCommandList("kv.copy");
            commands.Record(list => _store.RecordCopy(list, from, to));
            _device.SubmitOnce(commands);
        }
        catch
        {
            _store.Release(to);
            throw;
        }

        _pages[group][index] = to;
        Name(group, index);
        _store.Release(from);
    }

    private void Name(int group, int index) => Name(group, index, _store.Address(_pages[group][index]));

    /// <summary>Says where the page lies that holds a group's positions from so many pages on.</summary>
    public void Name(int group, int index, ulong address)
    {
        _blocks.Write((((long)group * BlockStride) + index) * KvLayout.BlockBytes, new ReadOnlySpan<ulong>(in address));
    }
}
