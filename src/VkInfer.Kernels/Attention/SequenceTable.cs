using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// Where the kernels of a step find what each sequence keeps, by address: <c>include/rows.glsl</c>. Owns its buffer, not what it names;
/// not thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SequenceTable : IDisposable
{
    private readonly GpuBuffer _buffer;
    private readonly SequenceKeeps?[] _sequences;
    private readonly bool _isFixed;

    /// <summary>Makes an empty table.</summary>
    /// <param name="device">Where.</param>
    /// <param name="capacity">Sequences that it has places for.</param>
    /// <param name="isFixed">
    /// Recorded commands keep the memory that the table names while they are recorded. False: they do not, entries may change between
    /// submissions, and who sets them keeps the memory until the last submission that may read them has ended.
    /// </param>
    public SequenceTable(GpuDevice device, int capacity, bool isFixed)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _sequences = new SequenceKeeps?[capacity];
        _isFixed = isFixed;
        _buffer = device.CreateBuffer((long)capacity * Marshal.SizeOf<SequenceEntry>(), BufferKind.HostWritable, "sequences");
    }

    /// <summary>The entries.</summary>
    internal BufferView Entries => _buffer;

    /// <summary>What recorded commands reach through the table.</summary>
    internal IEnumerable<AddressedView> Addressed => !_isFixed ? [] : _sequences.OfType<SequenceKeeps>().SelectMany(
        sequence => new AddressedView[]
        {
            new(sequence.Blocks, BindingAccess.Read), new(sequence.SoftmaxStats, BindingAccess.ReadWrite),
            new(sequence.StepState ?? sequence.Blocks, BindingAccess.Read),
        });

    /// <summary>Says what a sequence keeps; no submission that reads the entry may be under way.</summary>
    /// <param name="index">Its place.</param>
    /// <param name="sequence">What it keeps.</param>
    /// <exception cref="ArgumentException">A view is too short, or there is no such place.</exception>
    public void Set(int index, in SequenceKeeps sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _sequences.Length);
        sequence.Check();
        _sequences[index] = sequence;
        SequenceEntry entry = sequence.ToEntry();
        _buffer.Write(index * (long)Marshal.SizeOf<SequenceEntry>(), new ReadOnlySpan<SequenceEntry>(in entry));
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();
}
