namespace VkInfer.Vulkan;

/// <summary>
/// What the GPU may still be using when its owner disposes it. The owner, each recording that names it and each call at work with it
/// hold a reference; with the last one it goes to the device, which destroys it when the GPU is done. Disposing is allowed from any
/// thread and twice, and also after the device was disposed.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class GpuResource : IDisposable
{
    private int _references = 1;
    private int _disposed;

    private protected GpuResource(GpuDevice device, string name)
    {
        Device = device;
        Name = name;
    }

    /// <summary>For messages and debuggers.</summary>
    public string Name { get; }

    internal GpuDevice Device { get; }

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Value of the compute timeline after which no submission uses the resource.</summary>
    internal abstract ulong LastUse { get; }

    /// <summary>Value of the upload timeline after which no upload writes the resource.</summary>
    internal virtual ulong LastUpload => 0;

    private protected abstract string What { get; }

    /// <summary>Gives the resource up. What the GPU does with it goes on; its memory returns afterwards.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Device.Resources.Forget(this);
            Release();
        }

        GC.SuppressFinalize(this);
    }

    internal void ThrowIfDisposed()
    {
        if (IsDisposed)
        {
            throw Disposed();
        }
    }

    /// <summary>Takes a reference.</summary>
    /// <exception cref="ObjectDisposedException">The owner has disposed the resource.</exception>
    internal void Retain()
    {
        ThrowIfDisposed();
        int references = Volatile.Read(ref _references);
        while (references > 0)
        {
            int seen = Interlocked.CompareExchange(ref _references, references + 1, references);
            if (seen == references)
            {
                return;
            }

            references = seen;
        }

        throw Disposed();
    }

    /// <summary>Gives a reference back.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            OnReleased();
            Device.Retire(this);
        }
    }

    /// <summary>Frees what Vulkan holds for the resource, now.</summary>
    internal abstract void Destroy();

    /// <summary>Nobody uses the resource any more, but perhaps the GPU.</summary>
    private protected virtual void OnReleased()
    {
    }

    private ObjectDisposedException Disposed() => new($"{What} '{Name}'");
}
