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
            group, LayerOffset, _order.View(0, KvLayout.UnitBytes), _order.View(MostAlignment, KvLayout.UnitBytes));
        byte[] bytes = new byte[_places.Length * _pageBytes];
        bytes.AsSpan().Fill(0xFF);
        ForEachRow((row, at) =>
        {
            Encode(keys, at, bytes, row.Elements, row.Scales);
            if (!shape.HasKeysAsValues)
            {
                Encode(values, at, bytes, row.Elements + row.ToValue, row.Scales + row.ToValue);
            }
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

    /// <summary>The keys of all heads at a position, and the values.</summary>
    public (float[] Keys, float[] Values) ReadPosition(int position)
    {
        byte[] bytes = Download();
        float[] keys = new float[_shape.KvWidth];
        float[] values = new float[keys.Length];
        for (int head = 0; head < _shape.NumKvHeads; head++)
        {
            (int elements, int scales, int toValue) = Find(head, position);
            Decode(bytes, elements, scales, keys.AsSpan(head * _shape.HeadDim, _shape.HeadDim));
            Decode(bytes, elements + toValue, scales + toValue, values.AsSpan(head * _shape.HeadDim, _shape.HeadDim));
        }

        return (keys, values);
    }

    /// <summary>
    /// All keys and values [NumKvHeads][Capacity][HeadDim], which must be all that is not as it was made: it checks the rest.
    /// </summary>
    /// <exception cref="InvalidOperationException">A byte of another layer, or of positions behind the capacity, was written.</exception>
    public (float[] Keys, float[] Values) Read()
    {
        byte[] bytes = Download();
        float[] keys = new float[_shape.NumKvHeads * _shape.Capacity * _shape.HeadDim];
        float[] values = new float[keys.Length];
        ForEachRow((row, at) =>
        {
            Decode(bytes, row.Elements, row.Scales, keys.AsSpan(at, _shape.HeadDim));
            Decode(bytes, row.Elements + row.ToValue, row.Scales + row.ToValue, values.AsSpan(at, _shape.HeadDim));
            Blank(bytes, row.Elements, row.Scales);
            Blank(bytes, row.Elements + row.ToValue, row.Scales + row.ToValue);
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

    private int RowBytes => KvLayout.RowBytes(_shape.HeadDim, _shape.KvType);

    private int ScaleBytes => KvLayout.ScaleBytes(_shape.HeadDim, _shape.KvType);

    private byte[] Download()
    {
        byte[] bytes = new byte[_places.Length * _pageBytes];
        _device.Download(_pages, 0, bytes);
        return bytes;
    }

    /// <summary>Where a key and its scales begin, and how far behind them its value is.</summary>
    private (int Elements, int Scales, int ToValue) Find(int kvHead, int position)
    {
        long page = (_places[position / KvLayout.PageTokens] * _pageBytes) + LayerOffset;
        return (
            (int)(page + KvLayout.KeyOffset(_shape, kvHead, position)), (int)(page + KvLayout.KeyScalesOffset(_shape, kvHead, position)),
            (int)KvLayout.ValueDistance(_shape));
    }

    private void ForEachRow(Action<(int Elements, int Scales, int ToValue), int> row)
    {
        for (int head = 0; head < _shape.NumKvHeads; head++)
        {
            for (int position = 0; position < _shape.Capacity; position++)
            {
                row(Find(head, position), ((head * _shape.Capacity) + position) * _shape.HeadDim);
            }
        }
    }

    private void Encode(float[]? values, int first, byte[] bytes, int elements, int scales)
    {
        if (values is null)
        {
            return;
        }

        ReadOnlySpan<float> row = values.AsSpan(first, _shape.HeadDim);
        Span<byte> to = bytes.AsSpan(elements, RowBytes);
        switch (_shape.KvType)
        {
            case KvType.F16:
                for (int i = 0; i < row.Length; i++)
                {
                    MemoryMarshal.Cast<byte, Half>(to)[i] = (Half)row[i];
                }

                break;
            case KvType.F32:
                row.CopyTo(MemoryMarshal.Cast<byte, float>(to));
                break;
            default:
                QuantisedRow.Encode(
                    row, MemoryMarshal.Cast<byte, sbyte>(to), MemoryMarshal.Cast<byte, Half>(bytes.AsSpan(scales, ScaleBytes)));
                break;
        }
    }

    private void Decode(byte[] bytes, int elements, int scales, Span<float> to)
    {
        ReadOnlySpan<byte> from = bytes.AsSpan(elements, RowBytes);
        switch (_shape.KvType)
        {
            case KvType.F16:
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] = (float)MemoryMarshal.Cast<byte, Half>(from)[i];
                }

                break;
            case KvType.F32:
                MemoryMarshal.Cast<byte, float>(from).CopyTo(to);
                break;
            default:
                QuantisedRow.Decode(
                    MemoryMarshal.Cast<byte, sbyte>(from), MemoryMarshal.Cast<byte, Half>(bytes.AsSpan(scales, ScaleBytes)), to);
                break;
        }
    }

    // Leaves the bytes as pages are made.
    private void Blank(byte[] bytes, int elements, int scales)
    {
        bytes.AsSpan(elements, RowBytes).Fill(0xFF);
        bytes.AsSpan(scales, ScaleBytes).Fill(0xFF);
    }
}
