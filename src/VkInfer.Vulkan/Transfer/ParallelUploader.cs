using System.Collections.Concurrent;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>Writes what two ranges of a buffer shall hold; the second is empty where there is but one.</summary>
/// <param name="first">The first range, to be written whole and in order; reading it back may be slow.</param>
/// <param name="second">The second range.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public delegate void FillRanges(Span<byte> first, Span<byte> second);

/// <summary>
/// Many uploads at once, as loading a model makes them: each thread fills a piece of staging memory of its own, and the copies of all of
/// them are in flight together; memory that the CPU can write is filled where it is. Meant for buffers that nothing else uses yet.
/// <see cref="Write"/> may be called from several threads; <see cref="Finish"/> and <see cref="Dispose"/> once those are done. To be
/// disposed before its device.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed unsafe class ParallelUploader : IDisposable
{
    /// <summary>Most bytes of one write, both ranges together.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>Where the second range begins within a slot.</summary>
    private const int Alignment = 64;

    private const long SlotBytes = MaxBytes + Alignment;

    private readonly DeviceContext _context;
    private readonly BufferFactory _factory;
    private readonly GpuQueue _queue;
    private readonly Timeline _compute;
    private readonly Lazy<Slot[]> _slots;
    private readonly ConcurrentQueue<Slot> _free = new();
    private readonly SemaphoreSlim _available;
    private readonly int _count;
    private Buffer _staging;
    private MemoryAllocation _allocation;
    private bool _isDisposed;

    internal ParallelUploader(DeviceContext context, BufferFactory factory, GpuQueue uploads, Timeline compute, int slots)
    {
        _context = context;
        _factory = factory;
        _compute = compute;
        _count = slots;
        _available = new SemaphoreSlim(slots);
        _slots = new Lazy<Slot[]>(CreateSlots);

        // A timeline of its own: others' uploads are none of its business.
        _queue = new GpuQueue(context, uploads.Family, "parallel uploads", uploads);
    }

    /// <summary>Writes one or two ranges of a buffer.</summary>
    /// <param name="destination">The first range.</param>
    /// <param name="second">The second range, of the same buffer; null: none.</param>
    /// <param name="fill">Writes the bytes; called once, on this thread. What it throws is passed on, and nothing is uploaded.</param>
    /// <param name="cancellationToken">Ends waiting for a free piece of staging memory.</param>
    /// <returns>For <see cref="Wait"/>.</returns>
    /// <exception cref="ArgumentException">The ranges are longer than <see cref="MaxBytes"/>, or of different buffers.</exception>
    public ulong Write(BufferView destination, BufferView? second, FillRanges fill, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fill);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _context.ThrowIfUnusable("upload");
        Check(destination, second);
        GpuBuffer buffer = destination.Buffer;
        int length = (int)destination.Length;
        int secondLength = (int)(second?.Length ?? 0);
        if (WritesInPlace(buffer))
        {
            fill(
                new Span<byte>(buffer.Mapped + destination.Offset, length),
                new Span<byte>(buffer.Mapped + (second?.Offset ?? 0), secondLength));
            return 0;
        }

        _ = _slots.Value;
        _available.Wait(cancellationToken);
        Slot? slot = null;
        try
        {
            if (!_free.TryDequeue(out slot))
            {
                throw new InvalidOperationException("no slot is free");
            }

            _queue.Timeline.Wait(slot.Value, cancellationToken);
            long secondStart = slot.Start + ((length + Alignment - 1) / Alignment * Alignment);
            fill(new Span<byte>(_allocation.Mapped + slot.Start, length), new Span<byte>(_allocation.Mapped + secondStart, secondLength));

            slot.Commands.Begin();
            slot.Commands.Copy(_staging, slot.Start, buffer.Handle, destination.Offset, length);
            if (secondLength > 0)
            {
                slot.Commands.Copy(_staging, secondStart, buffer.Handle, second!.Value.Offset, secondLength);
            }

            slot.Value = slot.Commands.Submit(_queue, _compute, buffer.LastUse);
            return slot.Value;
        }
        finally
        {
            if (slot is not null)
            {
                _free.Enqueue(slot);
            }

            _available.Release();
        }
    }

    /// <summary>Waits until what a <see cref="Write"/> wrote is in the buffer.</summary>
    public void Wait(ulong write, CancellationToken cancellationToken = default) => _queue.Timeline.Wait(write, cancellationToken);

    /// <summary>Waits until everything written is in its buffer: submissions from here on find it there.</summary>
    public void Finish(CancellationToken cancellationToken = default) => _queue.Timeline.Wait(_queue.Submitted, cancellationToken);

    /// <summary>Waits for the copies under way, and frees the staging memory.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (_slots.IsValueCreated)
        {
            try
            {
                _queue.Timeline.Wait(_queue.Submitted, CancellationToken.None);
            }
            catch (DeviceLostException)
            {
                // A lost device does nothing more.
            }

            foreach (Slot slot in _slots.Value)
            {
                slot.Commands.Dispose();
            }

            _factory.Destroy(_staging, _allocation);
        }

        _queue.Dispose();
        _available.Dispose();
    }

    private static void Check(in BufferView destination, BufferView? second)
    {
        destination.Check(nameof(destination));
        second?.Check(nameof(second));
        if (second is { } other && !ReferenceEquals(other.Buffer, destination.Buffer))
        {
            throw new ArgumentException("The ranges are of different buffers.", nameof(second));
        }

        long bytes = destination.Length + (second?.Length ?? 0);
        if (bytes > MaxBytes)
        {
            throw new ArgumentException($"{bytes} bytes are to be written; at most {MaxBytes} are allowed.", nameof(destination));
        }
    }

    /// <summary>Only where the memory is the CPU's own: across a bus, copies by the GPU are faster than writes by the CPU.</summary>
    private bool WritesInPlace(GpuBuffer buffer) =>
        buffer.Mapped is not null && !_context.ForceStaging && _context.Info.Type != DeviceType.Discrete;

    private Slot[] CreateSlots()
    {
        _staging = _factory.Create(_count * SlotBytes, MemoryUse.Staging, "parallel uploads", out _allocation);
        var slots = new Slot[_count];
        try
        {
            for (int i = 0; i < _count; i++)
            {
                slots[i] = new Slot(new TransferCommands(_context, _queue.Family), i * SlotBytes);
                _free.Enqueue(slots[i]);
            }
        }
        catch
        {
            foreach (Slot? slot in slots)
            {
                slot?.Commands.Dispose();
            }

            _factory.Destroy(_staging, _allocation);
            throw;
        }

        return slots;
    }

    private sealed class Slot(TransferCommands commands, long start)
    {
        public TransferCommands Commands => commands;

        public long Start => start;

        public ulong Value { get; set; }
    }
}
