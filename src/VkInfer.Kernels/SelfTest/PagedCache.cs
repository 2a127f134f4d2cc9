using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Keys and values of one sequence in one layer, as pages in scrambled order with other layers' bytes, which read as no numbers, around
/// them. For tests: owns its buffers; not thread-safe.
/// </summary>
internal sealed class PagedCache : IDisposable
{
    // Before the layer and behind it in each page.
    private const int LayerOffset = 48;
    private const int Behind = 16;

    // Alignment of every buffer view that Vulkan may ask for.
    private const int MostAlignment = 256;

    private readonly GpuDevice _device;
    private readonly AttentionShape _shape;
    private readonly long _pageBytes;
    private readonly int[] _places;
    private readonly GpuBuffer _pages;
    private readonly GpuBuffer _blocks;
    private readonly GpuBuffer _order;

    /// <param name="device">Where.</param>
    /// <param name="shape">The layer's attention; pages for its capacity are made.</param>
    /// <param name="keys">[NumKvHeads][Capacity][HeadDim]; null: no numbers.</param>
    /// <param name="values">Likewise.</param>
    /// <param name="group">Which block table of the sequence names the pages: those before it name none.</param>
    public PagedCache(GpuDevice device, AttentionShape shape, float[]? keys, float[]? values, int group = 0)
    {
        (_device, _shape) = (device, shape);
        _pageBytes = LayerOffset + KvLayout.LayerBytes(shape) + Behind;
        Stride = KvLayout.PageCount(shape.Capacity) + 1;
        _places = Enumerable.Range(0, Stride - 1).ToArray();
        new Random(7).Shuffle(_places);
        _pages = device.CreateBuffer(_places.Length * _pageBytes, BufferKind.DeviceLocal, "pages");
        _blocks = device.CreateBuffer((group + 1L) * Stride * KvLayout.BlockBytes, BufferKind.HostWritable, "blocks");
        _order = device.CreateBuffer(2 * MostAlignment, BufferKind.DeviceLocal, "order");
        Layer = new KvLayer(
            group, LayerOffset, _order.View(0, KvLayout.ChunkBytes), _order.View(MostAlignment, KvLayout.ChunkBytes));
        byte[] bytes = new byte[_places.Length * _pageBytes];
        bytes.AsSpan().Fill(0xFF);
        ForEachRow((page, key, value, at) =>
        {
            Encode(keys, at, bytes.AsSpan((int)((_places[page] * _pageBytes) + key)));
            Encode(values, at, bytes.AsSpan((int)((_places[page] * _pageBytes) + value)));
        });
        device.Upload(_pages, 0, bytes);
        ulong[] blocks = [.. _places.Select(place => _pages.DeviceAddress + (ulong)(place * _pageBytes))];
        _blocks.Write<ulong>((long)group * Stride * KvLayout.BlockBytes, blocks);
    }

    /// <summary>Where the layer lies in each page.</summary>
    public KvLayer Layer { get; }

    /// <summary>Entries of a block table.</summary>
    public int Stride { get; }

    /// <summary>The block table of the layer's group.</summary>
    public BufferView Blocks => _blocks.View((long)Layer.Group * Stride * KvLayout.BlockBytes, (long)Stride * KvLayout.BlockBytes);

    /// <summary>What a table of sequences says of it.</summary>
    public SequenceKeeps Keeps(BufferView stats, BufferView? state = null) => new(_blocks, Stride, _shape.Capacity, stats, state);

    /// <summary>The key of one head at a position, and its value.</summary>
    public (BufferView Key, BufferView Value) Row(int kvHead, int position)
    {
        long page = (_places[position / KvLayout.PageTokens] * _pageBytes) + LayerOffset;
        long bytes = (long)_shape.HeadDim * _shape.KvElementSize;
        return (
            _pages.View(page + KvLayout.KeyOffset(_shape, kvHead, position), bytes),
            _pages.View(page + KvLayout.ValueOffset(_shape, kvHead, position), bytes));
    }

    /// <summary>
    /// All keys and values [NumKvHeads][Capacity][HeadDim], which must be all that is not as it was made: it checks the rest.
    /// </summary>
    /// <exception cref="InvalidOperationException">A byte of another layer, or of positions behind the capacity, was written.</exception>
    public (float[] Keys, float[] Values) Read()
    {
        byte[] bytes = new byte[_places.Length * _pageBytes];
        _device.Download(_pages, 0, bytes);
        float[] keys = new float[_shape.NumKvHeads * _shape.Capacity * _shape.HeadDim];
        float[] values = new float[keys.Length];
        int rowBytes = _shape.HeadDim * _shape.KvElementSize;
        ForEachRow((page, key, value, at) =>
        {
            Decode(bytes.AsSpan((int)((_places[page] * _pageBytes) + key), rowBytes), keys.AsSpan(at, _shape.HeadDim));
            Decode(bytes.AsSpan((int)((_places[page] * _pageBytes) + value), rowBytes), values.AsSpan(at, _shape.HeadDim));
        });
        if (bytes.AsSpan().ContainsAnyExcept((byte)0xFF))
        {
            throw new InvalidOperationException("bytes of other layers, or behind the capacity, were written");
        }

        return (keys, values);
    }

    public void Dispose()
    {
        _pages.Dispose();
        _blocks.Dispose();
        _order.Dispose();
    }

    private void ForEachRow(Action<int, long, long, int> row)
    {
        for (int head = 0; head < _shape.NumKvHeads; head++)
        {
            for (int position = 0; position < _shape.Capacity; position++)
            {
                row(
                    position / KvLayout.PageTokens, LayerOffset + KvLayout.KeyOffset(_shape, head, position),
                    LayerOffset + KvLayout.ValueOffset(_shape, head, position), ((head * _shape.Capacity) + position) * _shape.HeadDim);
            }
        }
    }

    private void Encode(float[]? values, int first, Span<byte> to)
    {
        for (int i = 0; values is not null && i < _shape.HeadDim; i++)
        {
            if (_shape.KvType == KvType.F16)
            {
                MemoryMarshal.Cast<byte, Half>(to)[i] = (Half)values[first + i];
            }
            else
            {
                MemoryMarshal.Cast<byte, float>(to)[i] = values[first + i];
            }
        }
    }

    // Leaves the bytes as pages are made.
    private void Decode(Span<byte> bytes, Span<float> to)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = _shape.KvType == KvType.F16
                ? (float)MemoryMarshal.Cast<byte, Half>(bytes)[i]
                : MemoryMarshal.Cast<byte, float>(bytes)[i];
        }

        bytes.Fill(0xFF);
    }
}
