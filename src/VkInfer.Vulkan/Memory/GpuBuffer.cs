using System.Runtime.InteropServices;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>
/// A range of device memory. The caller owns it; its memory is released once it is disposed, every command list that names it is
/// disposed, recorded anew or submitted for the only time, and the GPU is done with it. Disposing from any thread is allowed; the
/// CPU's own accesses to the contents are the caller's to order.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed unsafe class GpuBuffer : GpuResource
{
    private readonly MemoryAllocation _allocation;
    private ulong _lastUse;
    private ulong _lastUpload;

    internal GpuBuffer(GpuDevice device, Buffer handle, MemoryAllocation allocation, long size, BufferKind kind, string name)
        : base(device, name)
    {
        Handle = handle;
        _allocation = allocation;
        SizeInBytes = size;
        Kind = kind;
    }

    /// <summary>Bytes.</summary>
    public long SizeInBytes { get; }

    /// <summary>Who reads and writes it.</summary>
    public BufferKind Kind { get; }

    /// <summary>All of it.</summary>
    public BufferView Whole => new(this, 0, SizeInBytes);

    /// <summary>
    /// The memory itself, for host kinds of at most 2 GiB. Coherent: what the CPU writes is seen by later submissions, what the GPU
    /// wrote is seen after <see cref="GpuDevice.Wait"/>. The span must not outlive the buffer: nothing keeps the memory for it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The buffer is <see cref="BufferKind.DeviceLocal"/>.</exception>
    public Span<byte> MappedSpan => new(HostAddress(), checked((int)SizeInBytes));

    /// <summary>
    /// Where shaders find it that are given addresses. What they read and write there, <see cref="CommandList.Dispatch{TPush}"/> must be
    /// told.
    /// </summary>
    public ulong DeviceAddress
    {
        get
        {
            ThrowIfDisposed();
            return Device.AddressOf(this);
        }
    }

    internal Buffer Handle { get; }

    internal override ulong LastUse => Volatile.Read(ref _lastUse);

    internal override ulong LastUpload => Volatile.Read(ref _lastUpload);

    internal byte* Mapped => _allocation.Mapped;

    internal bool IsMapped => Mapped is not null;

    internal bool HostCached => _allocation.Cached;

    private protected override string What => "buffer";

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
        using Lifetime.Lease lease = Device.Lifetime.Enter();
        Retain();
        try
        {
            byte* address = HostAddress();
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(data);
            if (!bytes.IsEmpty)
            {
                CheckRange(offset, bytes.Length, nameof(offset));
                bytes.CopyTo(new Span<byte>(address + offset, bytes.Length));
            }
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Reads elements, for host kinds. Wait for the submission that writes them first.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Elements.</param>
    public void Read<T>(long offset, Span<T> destination)
        where T : unmanaged
    {
        using Lifetime.Lease lease = Device.Lifetime.Enter();
        Retain();
        try
        {
            byte* address = HostAddress();
            Span<byte> bytes = MemoryMarshal.AsBytes(destination);
            if (!bytes.IsEmpty)
            {
                CheckRange(offset, bytes.Length, nameof(offset));
                new ReadOnlySpan<byte>(address + offset, bytes.Length).CopyTo(bytes);
            }
        }
        finally
        {
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

    internal void MarkUse(ulong value) => Volatile.Write(ref _lastUse, value);

    internal void MarkUpload(ulong value) => Volatile.Write(ref _lastUpload, value);

    internal override void Destroy() => Device.Buffers.Destroy(Handle, _allocation);

    private byte* HostAddress()
    {
        ThrowIfDisposed();
        Device.Lifetime.ThrowIfClosed();
        return Kind != BufferKind.DeviceLocal
            ? _allocation.Mapped
            : throw new InvalidOperationException($"Buffer '{Name}' is {Kind}: use GpuDevice.Upload and Download.");
    }
}
