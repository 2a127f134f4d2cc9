using System.Buffers.Binary;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What <see cref="SoftmaxScheme.Asynchronized"/> counts on the device; other schemes count nothing.</summary>
/// <param name="Rows">Softmax rows computed: one for each query of each head of each layer.</param>
/// <param name="Recomputed">Those of them that had a score outside the range, and were computed anew.</param>
public readonly record struct SoftmaxStats(long Rows, long Recomputed)
{
    /// <summary>Bytes of the counters on the device, all zero at first; mirrors <c>include/softmax_stats.glsl</c>.</summary>
    public const int SizeInBytes = 4 * sizeof(uint);

    /// <summary>Recomputed rows per row, 0 where there are none.</summary>
    public double Rate => Rows == 0 ? 0 : (double)Recomputed / Rows;

    /// <summary>The sum of two counts.</summary>
    public static SoftmaxStats operator +(SoftmaxStats left, SoftmaxStats right) =>
        new(left.Rows + right.Rows, left.Recomputed + right.Recomputed);

    /// <summary>The sum of two counts.</summary>
    public static SoftmaxStats Add(SoftmaxStats left, SoftmaxStats right) => left + right;

    /// <summary>Reads the counters; waits for the device.</summary>
    public static SoftmaxStats Read(GpuDevice device, BufferView counters)
    {
        ArgumentNullException.ThrowIfNull(device);
        Views.RequireBytes(nameof(counters), counters, SizeInBytes);
        Span<byte> bytes = stackalloc byte[SizeInBytes];
        device.Download(counters.Buffer, counters.Offset, bytes);
        return new SoftmaxStats(Counter(bytes, 0), Counter(bytes, 1));
    }

    private static long Counter(ReadOnlySpan<byte> bytes, int index) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[(index * sizeof(uint))..])
        + ((long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[((index + 2) * sizeof(uint))..]) << 32);
}
