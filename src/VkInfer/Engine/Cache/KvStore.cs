using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Cache;

/// <summary>
/// Device memory of pages: keys and values of <see cref="KvLayout.PageTokens"/> positions of one sequence in one group of layers each.
/// Pages are cut from segments, buffers of bounded size that are made when they are needed and freed when no page of theirs is held, so
/// that neither a limit on buffers nor one on bindings bounds a context. Owns its buffers; thread-safe.
/// </summary>
internal sealed class KvStore : IDisposable
{
    // Large enough that few are made, small enough that one that a few pages hold wastes little.
    private const long SegmentBytes = 64L << 20;

    // Pages of the first segment; each next one has twice as many.
    private const int FirstPages = 16;

    // Alignment of every buffer view that Vulkan may ask for.
    private const int Alignment = 256;

    private readonly GpuDevice _device;
    private readonly Lock _lock = new();
    private readonly KvLayer[] _layers;
    private readonly GpuBuffer _order;
    private readonly List<Segment> _segments = [];
    private readonly List<bool> _held = [];
    private readonly List<int> _segmentOf = [];
    private readonly Stack<int> _free = new();
    private bool _disposed;

    /// <summary>Makes a store without pages.</summary>
    public KvStore(GpuDevice device, ModelConfig config, KvType type)
    {
        _device = device;
        Type = type;
        KvGroups groups = KvGroups.Of(config, type);
        Groups = groups.Windows;
        PageBytes = groups.PageBytes;
        _order = device.CreateBuffer(2L * config.NumLayers * Alignment, BufferKind.DeviceLocal, "kv.order");
        IReadOnlyList<LayerRecipe> layers = config.Layers;
        _layers = [.. groups.Places.Select((place, layer) => Placed(place, KvGroups.Owner(layers, layer)))];
        States = StateLayout.Of(config);

        KvLayer Placed(LayerPlace place, long owner) => new(
            place.Group, place.At, _order.View(2 * owner * Alignment, Alignment), _order.View(((2 * owner) + 1) * Alignment, Alignment));
    }

    /// <summary>How elements are stored.</summary>
    public KvType Type { get; }

    /// <summary>Groups of layers; each page holds positions of one of them.</summary>
    public IReadOnlyList<CacheGroup> Groups { get; }

    /// <summary>Bytes of a page, the same in every group.</summary>
    public long PageBytes { get; }

    /// <summary>Pages that somebody holds.</summary>
    public int Held
    {
        get
        {
            lock (_lock)
            {
                return _segments.Sum(segment => segment.Held);
            }
        }
    }

    /// <summary>Device memory of all segments.</summary>
    public long SizeInBytes
    {
        get
        {
            lock (_lock)
            {
                return _segments.Sum(segment => segment.Buffer?.SizeInBytes ?? 0);
            }
        }
    }

    /// <summary>Device memory of the pages of one sequence with so many positions.</summary>
    public static long SizeOf(ModelConfig config, KvType type, int positions)
    {
        KvGroups groups = KvGroups.Of(config, type);
        return groups.Windows.Count * KvLayout.PageCount(positions) * groups.PageBytes;
    }

    /// <summary>How a sequence's recurrent state lies; its address stands in a block table behind those of the groups.</summary>
    public StateLayout States { get; }

    /// <summary>Where a layer's keys and values lie in the pages of its group.</summary>
    public KvLayer Layer(int index) => _layers[index];

    /// <summary>Where a recurrent layer's part of a state lies.</summary>
    public StateLayer State(int index) => new(Groups.Count, States.Offsets[index], _layers[index].Keys);

    /// <summary>Takes a page that nobody holds, and makes memory for it where there is none.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="OutOfDeviceMemoryException">There is no memory for more pages; nothing has changed.</exception>
    public int Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_free.TryPop(out int page))
            {
                Grow();
                page = _free.Pop();
            }

            _held[page] = true;
            _segments[_segmentOf[page]].Held++;
            return page;
        }
    }

    /// <summary>
    /// Gives a page back. It may have a new owner at once: what was submitted before runs before what that one submits.
    /// </summary>
    public void Release(int page)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            RequireHeld(page);
            _held[page] = false;
            _free.Push(page);
            Segment segment = _segments[_segmentOf[page]];
            if (--segment.Held == 0)
            {
                Free(segment);
            }
        }
    }

    /// <summary>Where shaders find a page that is held.</summary>
    public ulong Address(int page) => View(page).DeviceAddress;

    /// <summary>Records a copy of one held page over another.</summary>
    public void RecordCopy(CommandList commands, int from, int to) => commands.Copy(View(from), View(to));

    /// <summary>Reads a held page, when no step that writes it is under way.</summary>
    /// <param name="page">The page.</param>
    /// <param name="bytes">Receives <see cref="PageBytes"/>.</param>
    public void Read(int page, Span<byte> bytes)
    {
        BufferView view = View(page);
        _device.Download(view.Buffer, view.Offset, bytes);
    }

    /// <summary>Writes a held page, when no step that uses it is under way.</summary>
    public void Write(int page, ReadOnlySpan<byte> bytes)
    {
        BufferView view = View(page);
        _device.Upload(view.Buffer, view.Offset, bytes);
    }

    /// <summary>Frees all segments. What was submitted must have ended.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _disposed = true;
                _segments.ForEach(segment => segment.Buffer?.Dispose());
                _order.Dispose();
            }
        }
    }

    private BufferView View(int page)
    {
        lock (_lock)
        {
            RequireHeld(page);
            Segment segment = _segments[_segmentOf[page]];
            return segment.Buffer!.View((page - segment.First) * PageBytes, PageBytes);
        }
    }

    private void RequireHeld(int page)
    {
        if ((uint)page >= (uint)_held.Count || !_held[page])
        {
            throw new InvalidOperationException($"Page {page} is not held; expected one that is.");
        }
    }

    /// <summary>Makes memory: for a segment that was freed, or for a new one.</summary>
    private void Grow()
    {
        int index = _segments.FindIndex(segment => segment.Buffer is null);
        if (index < 0)
        {
            index = _segments.Count;
            int most = (int)Math.Clamp(SegmentBytes / PageBytes, 1, 1 << 20);
            _segments.Add(new Segment(_held.Count, (int)Math.Min((long)FirstPages << Math.Min(index, 24), most)));
            for (int i = 0; i < _segments[index].Count; i++)
            {
                _held.Add(false);
                _segmentOf.Add(index);
            }
        }

        Segment grown = _segments[index];
        grown.Buffer = _device.CreateBuffer(grown.Count * PageBytes, BufferKind.DeviceLocal, $"kv.pages.{index}");
        for (int page = grown.First + grown.Count - 1; page >= grown.First; page--)
        {
            _free.Push(page);
        }
    }

    /// <summary>
    /// Frees a segment none of whose pages is held, behind everything that was submitted: pages are reached by address, so that nothing
    /// else knows when the device is done with them.
    /// </summary>
    private void Free(Segment segment)
    {
        GpuBuffer buffer = segment.Buffer!;
        try
        {
            _device.RunOnce("kv.free", commands => commands.Fill(buffer.View(0, KvLayout.PageTokens), 0));
        }
        catch (Exception exception) when (exception is DeviceLostException or ObjectDisposedException)
        {
            // Nothing runs on the device any more.
        }
        catch (VulkanException)
        {
            // What may run there cannot be waited for now: the segment stays, with all its pages free.
            return;
        }

        buffer.Dispose();
        segment.Buffer = null;
        int[] others = [.. _free.Where(page => page < segment.First || page >= segment.First + segment.Count)];
        _free.Clear();
        for (int i = others.Length - 1; i >= 0; i--)
        {
            _free.Push(others[i]);
        }
    }

    private sealed class Segment(int first, int count)
    {
        public int First { get; } = first;

        public int Count { get; } = count;

        public int Held { get; set; }

        /// <summary>Null while no page is held.</summary>
        public GpuBuffer? Buffer { get; set; }
    }
}
