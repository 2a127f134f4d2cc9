using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>What attention in one layer takes of one sequence of a batch.</summary>
/// <param name="Keys">The layer's keys [NumKvHeads][Capacity][HeadDim].</param>
/// <param name="Values">The layer's values, likewise.</param>
/// <param name="Capacity">Tokens that the cache holds.</param>
/// <param name="StepState">The session's <see cref="Kernels.StepState"/>.</param>
/// <param name="Softmax">How the softmax is accumulated.</param>
/// <param name="SoftmaxStats">Counters of <see cref="Kernels.SoftmaxStats.SizeInBytes"/>, added to.</param>
/// <param name="Row">The sequence's row of activations.</param>
public readonly record struct SequenceAttention(
    BufferView Keys, BufferView Values, int Capacity, BufferView StepState, AttentionSoftmax Softmax, BufferView SoftmaxStats, int Row);

/// <summary>Sequences that stand one after another in a table, so that one dispatch serves all of them.</summary>
/// <param name="Table">The table's buffer.</param>
/// <param name="First">Where the first of them stands.</param>
/// <param name="Sequences">The sequences.</param>
public sealed record SequenceRange(BufferView Table, int First, IReadOnlyList<SequenceAttention> Sequences)
{
    /// <summary>Rows of activations that hold all of them.</summary>
    internal int Rows => Sequences.Max(sequence => sequence.Row) + 1;

    /// <summary>The shape with the largest capacity of theirs; all views are long enough for their own.</summary>
    internal AttentionShape Fit(AttentionShape shape)
    {
        foreach (SequenceAttention sequence in Sequences)
        {
            AttentionShape own = shape with { Capacity = sequence.Capacity };
            own.Validate();
            Views.RequireBytes(nameof(SequenceAttention.Keys), sequence.Keys, own.KvBytes);
            Views.RequireBytes(nameof(SequenceAttention.Values), sequence.Values, own.KvBytes);
            Views.RequireBytes(nameof(SequenceAttention.StepState), sequence.StepState, StepState.SizeInBytes);
            Views.RequireBytes(nameof(SequenceAttention.SoftmaxStats), sequence.SoftmaxStats, SoftmaxStats.SizeInBytes);
            sequence.Softmax.Validate();
        }

        return shape with { Capacity = Sequences.Max(sequence => sequence.Capacity) };
    }
}

/// <summary>
/// Where kernels find what each sequence of a batch keeps, by address: <c>include/sequences.glsl</c>. Filled while commands are
/// recorded, uploaded before they are submitted. Owns its buffer; not thread-safe.
/// </summary>
public sealed class SequenceTable : IDisposable
{
    private readonly GpuDevice _device;
    private readonly GpuBuffer _buffer;
    private readonly SequenceEntry[] _entries;
    private int _count;

    /// <summary>Makes an empty table.</summary>
    /// <param name="device">Where.</param>
    /// <param name="capacity">Entries that it holds: one of each sequence for each layer.</param>
    public SequenceTable(GpuDevice device, int capacity)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _device = device;
        _entries = new SequenceEntry[capacity];
        _buffer = device.CreateBuffer((long)capacity * Marshal.SizeOf<SequenceEntry>(), BufferKind.DeviceLocal, "sequences");
    }

    /// <summary>Adds sequences one after another.</summary>
    /// <exception cref="ArgumentException">There is no room for them, or there are none.</exception>
    public SequenceRange Add(IReadOnlyList<SequenceAttention> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0 || sequences.Count > _entries.Length - _count)
        {
            throw new ArgumentException(
                $"{sequences.Count} sequences; expected 1 to {_entries.Length - _count}, of {_entries.Length} in all", nameof(sequences));
        }

        int first = _count;
        foreach (SequenceAttention sequence in sequences)
        {
            _entries[_count++] = new SequenceEntry(
                sequence.Keys.DeviceAddress, sequence.Values.DeviceAddress, sequence.StepState.DeviceAddress,
                sequence.SoftmaxStats.DeviceAddress,
                sequence.Softmax.Phi, sequence.Softmax.Lower, sequence.Softmax.Upper, (uint)sequence.Capacity, (uint)sequence.Row, 0);
        }

        return new SequenceRange(_buffer, first, sequences);
    }

    /// <summary>Writes what was added to the device; before commands that use it are submitted.</summary>
    public void Upload() => _device.Upload(_buffer, 0, MemoryMarshal.AsBytes(_entries.AsSpan(0, _count)));

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}

/// <summary>An entry of the table; mirrors Sequence in <c>include/sequences.glsl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SequenceEntry(
    ulong Keys, ulong Values, ulong StepState, ulong SoftmaxStats, float Phi, float Lower, float Upper, uint Capacity, uint Row,
    uint Padding);
