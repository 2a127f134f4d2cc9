using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>
/// Uploads through a ring of staging memory, on the transfer queue where there is one. Ordered on the GPU after submissions that
/// use the destination, and before later ones. Thread-safe.
/// </summary>
internal sealed unsafe class Uploader(DeviceContext context, BufferFactory factory, GpuQueue queue, Timeline compute) : IDisposable
{
    private const int SlotCount = 4;
    private const long SlotBytes = 8 << 20;
    private const int MostCopies = 256;

    private readonly Lock _lock = new();
    private readonly List<BufferView> _copies = [];
    private Slot[] _slots = [];
    private Buffer _staging;
    private MemoryAllocation _allocation;
    private int _current;
    private long _used;
    private ulong _waitFor;
    private volatile bool _pending;

    public void Upload(GpuBuffer destination, long offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            while (!data.IsEmpty)
            {
                Open();
                int length = (int)Math.Min(SlotBytes - _used, data.Length);
                long start = (_current * SlotBytes) + _used;
                data[..length].CopyTo(new Span<byte>(_allocation.Mapped + start, length));
                var view = new BufferView(destination, offset, length);
                if (Overlaps(view))
                {
                    _slots[_current].Commands.Barrier();
                    _copies.Clear();
                }

                _copies.Add(view);
                _slots[_current].Commands.Copy(_staging, start, destination.Handle, offset, length);
                _waitFor = Math.Max(_waitFor, destination.LastUse);
                destination.MarkUpload(queue.Submitted + 1);
                _used += (length + 15) & ~15;
                offset += length;
                data = data[length..];
                if (_used >= SlotBytes || _copies.Count >= MostCopies)
                {
                    SubmitCurrent();
                }
            }
        }
    }

    /// <summary>Submits what is staged, so that the next submission can wait for it.</summary>
    public void Flush()
    {
        if (_pending)
        {
            lock (_lock)
            {
                if (_pending)
                {
                    SubmitCurrent();
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Commands.Dispose();
        }

        if (_slots.Length > 0)
        {
            factory.Destroy(_staging, _allocation);
        }

        _slots = [];
    }

    private void Open()
    {
        if (_pending)
        {
            return;
        }

        if (_slots.Length == 0)
        {
            _staging = factory.Create(SlotCount * SlotBytes, MemoryUse.Staging, "staging ring", out _allocation);
            _slots = new Slot[SlotCount];
            for (int i = 0; i < SlotCount; i++)
            {
                _slots[i].Commands = new TransferCommands(context, queue.Family);
            }
        }

        queue.Timeline.Wait(_slots[_current].Value, default);
        _slots[_current].Commands.Begin();
        (_used, _waitFor, _pending) = (0, 0, true);
        _copies.Clear();
    }

    private void SubmitCurrent()
    {
        _pending = false;
        try
        {
            _slots[_current].Value = _slots[_current].Commands.Submit(queue, compute, _waitFor);
        }
        catch
        {
            // Data that callers believe to be under way is gone: nothing may run on what is there instead.
            context.MarkLost();
            throw;
        }

        _current = (_current + 1) % SlotCount;
    }

    private bool Overlaps(in BufferView view)
    {
        foreach (BufferView copy in _copies)
        {
            if (copy.Overlaps(view))
            {
                return true;
            }
        }

        return false;
    }

    private struct Slot
    {
        public TransferCommands Commands;
        public ulong Value;
    }
}
