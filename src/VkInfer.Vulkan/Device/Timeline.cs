using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace VkInfer.Vulkan;

/// <summary>A timeline semaphore: submissions of a queue signal 1, 2, 3 … Thread-safe; waiting allocates nothing.</summary>
internal sealed unsafe class Timeline : IDisposable
{
    /// <summary>A wait looks up this often, to notice that it is cancelled, or the device lost or disposed by another thread.</summary>
    private const ulong SliceNanoseconds = 5_000_000;

    private readonly DeviceContext _context;
    private readonly string _name;
    private readonly Lazy<Semaphore> _semaphore;
    private ulong _completed;

    public Timeline(DeviceContext context, string name)
    {
        _context = context;
        _name = name;
        _semaphore = new Lazy<Semaphore>(Create);
    }

    /// <summary>Made at first use: a driver that only compiles, for a device that is not there, has no timeline semaphores.</summary>
    public Semaphore Semaphore => _semaphore.Value;

    /// <summary>Whether the submission that signals <paramref name="value"/> has completed.</summary>
    public bool IsComplete(ulong value)
    {
        if (value <= Volatile.Read(ref _completed))
        {
            return true;
        }

        ulong now;
        _context.Check(_context.Vk.GetSemaphoreCounterValue(_context.Handle, Semaphore, &now), "vkGetSemaphoreCounterValue");
        RaiseTo(now);
        return value <= now;
    }

    /// <summary>Waits until <paramref name="value"/> is signalled.</summary>
    public void Wait(ulong value, Cancellation cancellation)
    {
        if (value <= Volatile.Read(ref _completed))
        {
            return;
        }

        Semaphore semaphore = Semaphore;
        var info = new SemaphoreWaitInfo
        {
            SType = StructureType.SemaphoreWaitInfo,
            SemaphoreCount = 1,
            PSemaphores = &semaphore,
            PValues = &value,
        };
        while (value > Volatile.Read(ref _completed))
        {
            cancellation.ThrowIfRequested();
            _context.ThrowIfUnusable("vkWaitSemaphores");
            Result result = _context.Vk.WaitSemaphores(_context.Handle, &info, SliceNanoseconds);
            _context.Check(result, "vkWaitSemaphores");
            if (result == Result.Success)
            {
                RaiseTo(value);
            }
        }
    }

    public void Dispose()
    {
        if (_semaphore.IsValueCreated)
        {
            _context.Vk.DestroySemaphore(_context.Handle, Semaphore, null);
        }
    }

    private Semaphore Create()
    {
        var type = new SemaphoreTypeCreateInfo
        {
            SType = StructureType.SemaphoreTypeCreateInfo,
            SemaphoreType = SemaphoreType.Timeline,
        };
        var info = new SemaphoreCreateInfo { SType = StructureType.SemaphoreCreateInfo, PNext = &type };
        Semaphore semaphore;
        _context.Check(_context.Vk.CreateSemaphore(_context.Handle, &info, null, &semaphore), "vkCreateSemaphore");
        _context.Name(ObjectType.Semaphore, semaphore.Handle, _name);
        return semaphore;
    }

    private void RaiseTo(ulong value)
    {
        ulong seen = Volatile.Read(ref _completed);
        while (value > seen)
        {
            ulong before = Interlocked.CompareExchange(ref _completed, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
