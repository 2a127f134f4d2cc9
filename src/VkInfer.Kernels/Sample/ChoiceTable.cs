using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The choices of a step, as <c>shaders/sample/choice.glsl</c> reads them: a list for each of <see cref="ChoiceFeatures"/>. Filled and
/// written anew for each step, or once where the step stays the same; the commands that read it may be replayed. Owns its buffer;
/// not thread-safe. Allocates nothing once made.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ChoiceTable : IDisposable
{
    private const int Lists = 5;
    private const int HeaderBytes = 8 * sizeof(uint);

    private readonly GpuDevice _device;
    private readonly GpuBuffer _buffer;
    private readonly uint[] _counts = new uint[HeaderBytes / sizeof(uint)];
    private readonly ChoiceEntry[] _entries;

    /// <summary>Makes an empty table.</summary>
    /// <param name="device">Where.</param>
    /// <param name="capacity">Most choices of a step.</param>
    /// <param name="kind">
    /// <see cref="BufferKind.HostWritable"/> where each step has another, <see cref="BufferKind.DeviceLocal"/> where they are replayed.
    /// </param>
    public ChoiceTable(GpuDevice device, int capacity, BufferKind kind)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _device = device;
        Capacity = capacity;
        _entries = new ChoiceEntry[Lists * capacity];
        _buffer = device.CreateBuffer(HeaderBytes + ((long)_entries.Length * Unsafe.SizeOf<ChoiceEntry>()), kind, "choices");
    }

    /// <summary>Most choices of a step.</summary>
    public int Capacity { get; }

    /// <summary>All that the choices ask for.</summary>
    public ChoiceFeatures Features { get; private set; }

    internal BufferView View => _buffer;

    /// <summary>Empties the table.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Features = 0;
    }

    /// <summary>Adds a choice.</summary>
    /// <param name="choice">The row, and what its sequence keeps.</param>
    /// <param name="features">What it asks for; of <see cref="ChoiceFeatures.Greedy"/> and <see cref="ChoiceFeatures.Drawn"/> one.</param>
    /// <exception cref="InvalidOperationException">There is no room for it.</exception>
    public void Add(in Choice choice, ChoiceFeatures features)
    {
        var entry = new ChoiceEntry(
            Address(choice.Logits), Address((features & ChoiceFeatures.Adjusted) != 0 ? choice.Adjusted : choice.Logits),
            Address(choice.StepState), Address(choice.Ring), Address(choice.Counts), Address(choice.History), Address(choice.Biases),
            Address(choice.Mask), Address(choice.Entries));
        Features |= features;
        for (int list = 0; list < Lists; list++)
        {
            if (((int)features >> list & 1) == 0)
            {
                continue;
            }

            if (_counts[list] == Capacity)
            {
                throw new InvalidOperationException($"{Capacity} choices are in the table, which is its capacity.");
            }

            _entries[(list * Capacity) + (int)_counts[list]++] = entry;
        }
    }

    /// <summary>
    /// Makes what was added visible to the device: a table that the host writes when no step that reads it is under way, any other before
    /// the next submission.
    /// </summary>
    public void Write()
    {
        Write(0, MemoryMarshal.AsBytes(_counts.AsSpan()));
        for (int list = 0; list < Lists; list++)
        {
            int first = list * Capacity;
            if (_counts[list] > 0)
            {
                Write(
                    HeaderBytes + ((long)first * Unsafe.SizeOf<ChoiceEntry>()),
                    MemoryMarshal.AsBytes(_entries.AsSpan(first, (int)_counts[list])));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _buffer.Dispose();

    /// <summary>Where the list of a feature stands.</summary>
    internal static int IndexOf(ChoiceFeatures feature) => BitOperations.TrailingZeroCount((int)feature);

    private static ulong Address(in BufferView view) => view.Buffer is null ? 0 : view.DeviceAddress;

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Kind == BufferKind.HostWritable)
        {
            _buffer.Write(offset, bytes);
        }
        else
        {
            _device.Upload(_buffer, offset, bytes);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct ChoiceEntry(
        ulong Logits, ulong Source, ulong State, ulong Ring, ulong Counts, ulong History, ulong Biases, ulong Mask, ulong Entries);
}
