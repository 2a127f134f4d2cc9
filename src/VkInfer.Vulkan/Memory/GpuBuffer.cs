using System.Runtime.InteropServices;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>
/// A range of device memory. The caller owns it; its memory is released once it is disposed, every command list that names it is
/// disposed or recorded anew, and the GPU is done with it. Disposing from any thread is allowed; the CPU's own accesses to the
/// contents are the caller's to order.
/// </summary>
public sealed unsafe class GpuBuffer : IDisposable
{
    private readonly MemoryAllocation _allocation;
    private int _references = 1;
    private int _disposed;
    private ulong _lastUse;
    private ulong _lastUpload;

    internal GpuBuffer(GpuDevice device, Buffer handle, MemoryAllocation allocation, long size, BufferKind kind, string name)
    {
        Device = device;
        Handle = handle;
        _allocation = allocation;
        SizeInBytes = size;
        Kind = kind;
        Name = name;
    }

    /// <summary>Bytes.</summary>
    public long SizeInBytes { get; }

    /// <summary>For messages and debuggers.</summary>
    public string Name { get; }

    /// <summary>Who reads and writes it.</summary>
    public BufferKind Kind { get; }

    /// <summary>All of it.</summary>
    public BufferView Whole => new(this, 0, SizeInBytes);

    /// <summary>
    /// The memory itself, for host kinds of at most 2 GiB. Coherent: what the CPU writes is seen by later submissions, what the GPU
    /// wrote is seen after <see cref="GpuDevice.Wait"/>. The span must not outlive the buffer.
    /// </summary>
    /// <exception cref="InvalidOperationException">The buffer is <see cref="BufferKind.DeviceLocal"/>.</exception>
    public Span<byte> MappedSpan => new(HostAddress(), checked((int)SizeInBytes));

    /// <summary>Where shaders find it that are given addresses. What they read and write there, <see cref="CommandList.Dispatch{TPush}"/> must be told.</summary>
    public ulong DeviceAddress
    {
        get
        {
            ThrowIfDisposed();
            return Device.AddressOf(this);
        }
    }

    internal GpuDevice Device { get; }

    internal Buffer Handle { get; }

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Value of the compute timeline after which no submission uses the buffer.</summary>
    internal ulong LastUse => Volatile.Read(ref _lastUse);

    /// <summary>Value of the upload timeline after which no upload writes the buffer.</summary>
    internal ulong LastUpload => Volatile.Read(ref _lastUpload);

    internal byte* Mapped => _allocation.Mapped;

    internal bool IsMapped => Mapped is not null;

    internal bool HostCached => _allocation.Cached;

    /// <summary>All of the buffer, where a view is wanted.</summary>
    public static implicit operator BufferView(GpuBuffer buffer)
        => buffer?.Whole ?? throw new ArgumentNullException(nameof(buffer));

    /// <summary>A range.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes; more than none.</param>
    public BufferView View(long offset, long length)
    {
        CheckRange(offset, length, nameof(length));
        return new BufferView(this, offset, length);
    }

    /// <summary>Writes elements, for host kinds. The GPU must not be using the range.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="data">Elements.</param>
    public void Write<T>(long offset, ReadOnlySpan<T> data)
        where T : unmanaged
    {
        var address = HostAddress();
        var bytes = MemoryMarshal.AsBytes(data);
        if (!bytes.IsEmpty)
        {
            CheckRange(offset, bytes.Length, nameof(offset));
            bytes.CopyTo(new Span<byte>(address + offset, bytes.Length));
        }
    }

    /// <summary>Reads elements, for host kinds. Wait for the submission that writes them first.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Elements.</param>
    public void Read<T>(long offset, Span<T> destination)
        where T : unmanaged
    {
        var address = HostAddress();
        var bytes = MemoryMarshal.AsBytes(destination);
        if (!bytes.IsEmpty)
        {
            CheckRange(offset, bytes.Length, nameof(offset));
            new ReadOnlySpan<byte>(address + offset, bytes.Length).CopyTo(bytes);
        }
    }

    /// <summary>Gives the buffer up. Its memory returns when the GPU and the command lists are done with it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Device.Forget(this);
            Release();
        }
    }

    /// <summary>The buffer as messages show it.</summary>
    public override string ToString() => $"{Name} ({SizeInBytes} bytes, {Kind})";

    internal void CheckRange(long offset, long length, string parameter)
    {
        ThrowIfDisposed();
        if (offset < 0 || length <= 0 || offset > SizeInBytes - length)
        {
            throw new ArgumentOutOfRangeException(parameter, FormattableString.Invariant(
                $"Bytes {offset} … {offset} + {length} are outside buffer '{Name}' of {SizeInBytes} bytes."));
        }
    }

    internal void ThrowIfDisposed()
    {
        if (IsDisposed)
        {
            throw Disposed();
        }
    }

    internal void Retain() => Interlocked.Increment(ref _references);

    /// <summary>Gives one reference up; the last one hands the memory to the device, which frees it when the GPU is done.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            Device.Retire(this);
        }
    }

    internal void MarkUse(ulong value) => Volatile.Write(ref _lastUse, value);

    internal void MarkUpload(ulong value) => Volatile.Write(ref _lastUpload, value);

    /// <summary>Frees the memory, now.</summary>
    internal void Destroy(DeviceContext context, MemoryAllocator allocator)
    {
        context.Vk.DestroyBuffer(context.Handle, Handle, null);
        allocator.Free(_allocation);
    }

    private ObjectDisposedException Disposed() => new($"buffer '{Name}'");

    private byte* HostAddress()
    {
        ThrowIfDisposed();
        Device.ThrowIfDisposed();
        return Kind != BufferKind.DeviceLocal
            ? _allocation.Mapped
            : throw new InvalidOperationException($"Buffer '{Name}' is {Kind}: use GpuDevice.Upload and Download.");
    }
}
