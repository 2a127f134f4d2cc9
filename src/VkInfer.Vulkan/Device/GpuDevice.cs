using System.Globalization;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// An open device: makes buffers, pipelines and command lists, and runs them in the order in which they are submitted. Thread-safe;
/// only disposal must not meet other calls.
/// </summary>
public sealed unsafe class GpuDevice : IDisposable
{
    private const int MostLists = 64;

    private readonly DeviceContext _context;
    private readonly Action<GpuDevice> _onDispose;
    private readonly MemoryAllocator _allocator;
    private readonly BufferFactory _factory;
    private readonly PipelineRegistry _pipelines;
    private readonly GpuQueue _compute;
    private readonly GpuQueue _uploads;
    private readonly GpuQueue _downloads;
    private readonly Uploader _uploader;
    private readonly Downloader _downloader;
    private readonly RetirementQueue _retired;

    // What Vulkan still holds for this device, guarded by the lock.
    private readonly Lock _lock = new();
    private readonly HashSet<GpuBuffer> _buffers = [];
    private readonly HashSet<CommandList> _lists = [];
    private int _liveBuffers;
    private int _liveLists;
    private long _liveBytes;
    private bool _disposed;

    internal GpuDevice(DeviceContext context, Action<GpuDevice> onDispose)
    {
        _context = context;
        _onDispose = onDispose;
        var transferFamily = context.Families.Transfer ?? context.Families.Compute!.Value;
        _compute = new GpuQueue(context, context.Families.Compute!.Value, "compute");
        _uploads = new GpuQueue(context, transferFamily, "uploads", _compute);
        _downloads = new GpuQueue(context, transferFamily, "downloads", _uploads);
        _allocator = new MemoryAllocator(context);
        _factory = new BufferFactory(context, _allocator);
        _pipelines = new PipelineRegistry(context);
        _uploader = new Uploader(context, _factory, _uploads, _compute.Timeline);
        _downloader = new Downloader(context, _factory, _downloads, _compute.Timeline);
        _retired = new RetirementQueue(_compute.Timeline, _uploads.Timeline);
    }

    /// <summary>The device this is.</summary>
    public PhysicalDeviceInfo Info => _context.Info;

    /// <summary>What it can do.</summary>
    public DeviceCapabilities Capabilities => Info.Capabilities;

    /// <summary>Buffers that their owners have not disposed.</summary>
    public int LiveBufferCount => Volatile.Read(ref _liveBuffers);

    /// <summary>Bytes of those buffers.</summary>
    public long LiveBufferBytes => Volatile.Read(ref _liveBytes);

    /// <summary>Command lists that their owners have not disposed.</summary>
    public int LiveCommandListCount => Volatile.Read(ref _liveLists);

    internal DeviceContext Context => _context;

    /// <summary>Makes a buffer. Its contents are undefined until they are uploaded, filled or written.</summary>
    /// <param name="sizeInBytes">Bytes, from 1 to <see cref="DeviceCapabilities.MaxBufferSize"/>.</param>
    /// <param name="kind">Who reads and writes it.</param>
    /// <param name="name">For messages and debuggers.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is not that much memory left.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive, or more than the device allows for one buffer.</exception>
    public GpuBuffer CreateBuffer(long sizeInBytes, BufferKind kind, string name)
    {
        _context.ThrowIfUnusable("vkCreateBuffer");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeInBytes);
        CheckBufferSize(sizeInBytes, name);
        Collect();
        GpuBuffer buffer;
        try
        {
            buffer = Create(sizeInBytes, kind, name);
        }
        catch (OutOfDeviceMemoryException) when (Reclaim())
        {
            buffer = Create(sizeInBytes, kind, name);
        }

        lock (_lock)
        {
            _buffers.Add(buffer);
        }

        Interlocked.Increment(ref _liveBuffers);
        Interlocked.Add(ref _liveBytes, sizeInBytes);
        return buffer;
    }

    internal ulong AddressOf(GpuBuffer buffer)
    {
        _context.ThrowIfUnusable("vkGetBufferDeviceAddress");
        var info = new BufferDeviceAddressInfo { SType = StructureType.BufferDeviceAddressInfo, Buffer = buffer.Handle };
        return _context.Vk.GetBufferDeviceAddress(_context.Handle, &info);
    }

    /// <summary>The pipeline for a shader and constants; compiled at the first call, and kept until the device is disposed.</summary>
    /// <param name="shader">The shader.</param>
    /// <param name="constants">Specialisation constants; ids that the shader does not have are ignored, since compilers drop unused ones.</param>
    /// <param name="requiredSubgroupSize">Null: the driver's choice.</param>
    /// <param name="requireFullSubgroups">No subgroup has idle invocations at its start.</param>
    /// <exception cref="ArgumentException">The shader is malformed, or asks for more than the device has.</exception>
    public ComputePipeline GetPipeline(
        ShaderCode shader, SpecializationConstants constants, int? requiredSubgroupSize = null, bool requireFullSubgroups = false)
    {
        ArgumentNullException.ThrowIfNull(shader);
        _context.ThrowIfUnusable("vkCreateComputePipelines");
        return _pipelines.Get(shader, constants, requiredSubgroupSize, requireFullSubgroups);
    }

    /// <summary>
    /// Whether command lists that begin from now on time each of their dispatches, for <see cref="CommandList.ReadProfile"/>. Costs about
    /// a microsecond or two a dispatch.
    /// </summary>
    public bool ProfilesDispatches { get; set; }

    /// <summary>Makes an empty command list.</summary>
    /// <param name="name">For messages and debuggers.</param>
    public CommandList CreateCommandList(string name)
    {
        _context.ThrowIfUnusable("vkCreateCommandPool");
        var list = new CommandList(this, _context, name);
        lock (_lock)
        {
            _lists.Add(list);
        }

        Interlocked.Increment(ref _liveLists);
        return list;
    }

    /// <summary>Submits a recorded list. It runs after all earlier submissions and uploads. Allocates nothing.</summary>
    public Submission Submit(CommandList commands) => Submit(new ReadOnlySpan<CommandList>(in commands));

    /// <summary>Submits up to 64 recorded lists in one call; they run in order. Allocates nothing.</summary>
    /// <exception cref="ObjectDisposedException">A list, or a buffer that a list uses, is disposed.</exception>
    public Submission Submit(ReadOnlySpan<CommandList> commands)
    {
        _context.ThrowIfUnusable("vkQueueSubmit2");
        if (commands.Length is 0 or > MostLists)
        {
            throw new ArgumentException($"{commands.Length} command lists were given; 1 to {MostLists} are allowed.", nameof(commands));
        }

        _uploader.Flush();
        var infos = stackalloc CommandBufferSubmitInfo[commands.Length];
        ulong value;
        lock (_compute.Lock)
        {
            for (var i = 0; i < commands.Length; i++)
            {
                commands[i].ThrowIfNotSubmittable(_context);
                infos[i] = new CommandBufferSubmitInfo
                {
                    SType = StructureType.CommandBufferSubmitInfo,
                    CommandBuffer = commands[i].Commands,
                };
            }

            value = _compute.Submit(infos, commands.Length, _uploads.Timeline, _uploads.Submitted);
            foreach (var list in commands)
            {
                list.MarkSubmitted(value);
            }
        }

        Collect();
        return new Submission(value);
    }

    /// <summary>Waits until a submission, and so all earlier ones, have completed. Allocates nothing.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; the submission runs on.</exception>
    /// <exception cref="DeviceLostException">The device was lost.</exception>
    public void Wait(Submission submission, CancellationToken ct = default)
    {
        _context.ThrowIfUnusable("vkWaitSemaphores");
        ct.ThrowIfCancellationRequested();
        CheckSubmission(submission);
        _compute.Timeline.Wait(submission.Value, ct);
        Collect();
    }

    /// <summary>Whether a submission has completed. Does not wait.</summary>
    public bool IsComplete(Submission submission)
    {
        _context.ThrowIfUnusable("vkGetSemaphoreCounterValue");
        CheckSubmission(submission);
        return _compute.Timeline.IsComplete(submission.Value);
    }

    /// <summary>
    /// Writes into a buffer, after the submissions that use it and before later ones. Returns when the data is copied out of the span.
    /// </summary>
    /// <param name="destination">Any kind of buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="data">Bytes.</param>
    public void Upload(GpuBuffer destination, long offset, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(destination);
        _context.ThrowIfUnusable("upload");
        DispatchChecks.CheckDevice(_context, destination, nameof(destination));
        destination.ThrowIfDisposed();
        if (data.IsEmpty)
        {
            return;
        }

        destination.CheckRange(offset, data.Length, nameof(data));
        var idle = _compute.Timeline.IsComplete(destination.LastUse) && _uploads.Timeline.IsComplete(destination.LastUpload);
        if (destination.Mapped is not null && idle && !_context.ForceStaging)
        {
            data.CopyTo(new Span<byte>(destination.Mapped + offset, data.Length));
        }
        else
        {
            _uploader.Upload(destination, offset, data);
        }
    }

    /// <summary>Reads from a buffer, once the submissions and uploads that use it have completed.</summary>
    /// <param name="source">Any kind of buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Bytes.</param>
    public void Download(GpuBuffer source, long offset, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(source);
        _context.ThrowIfUnusable("download");
        DispatchChecks.CheckDevice(_context, source, nameof(source));
        source.ThrowIfDisposed();
        if (destination.IsEmpty)
        {
            return;
        }

        source.CheckRange(offset, destination.Length, nameof(destination));
        _uploader.Flush();
        source.Retain();
        try
        {
            _uploads.Timeline.Wait(source.LastUpload, CancellationToken.None);
            if (source.Mapped is not null && source.HostCached && !_context.ForceStaging)
            {
                _compute.Timeline.Wait(source.LastUse, CancellationToken.None);
                new ReadOnlySpan<byte>(source.Mapped + offset, destination.Length).CopyTo(destination);
            }
            else
            {
                _downloader.Download(source, offset, destination);
            }
        }
        finally
        {
            source.Release();
        }
    }

    /// <summary>Hands staged uploads to the GPU now. Submissions and downloads do so by themselves.</summary>
    public void FlushUploads()
    {
        _context.ThrowIfUnusable("vkQueueSubmit2");
        _uploader.Flush();
    }

    /// <summary>How much device memory there is.</summary>
    public MemoryBudget GetMemoryBudget()
    {
        _context.ThrowIfUnusable("vkGetPhysicalDeviceMemoryProperties2");
        Collect();
        return _allocator.Budget();
    }

    /// <summary>Waits for the GPU, keeps the pipeline cache, and frees everything that was made from the device.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _context.Close();
        if (_compute.IsUsed || _uploads.IsUsed || _downloads.IsUsed)
        {
            // Also on a lost device, where it returns in finite time. Drivers for devices that are not there do not survive waiting.
            _ = _context.Vk.DeviceWaitIdle(_context.Handle);
        }

        while (_retired.TryTake(out var thing, all: true))
        {
            Destroy(thing!);
        }

        foreach (var list in _lists)
        {
            list.Destroy();
        }

        foreach (var buffer in _buffers)
        {
            buffer.Destroy(_context, _allocator);
        }

        _uploader.Dispose();
        _downloader.Dispose();
        if (!_context.IsLost)
        {
            _pipelines.Save();
        }

        _pipelines.Dispose();
        _allocator.Dispose();
        _compute.Dispose();
        _uploads.Dispose();
        _downloads.Dispose();
        _context.Vk.DestroyDevice(_context.Handle, null);
        _onDispose(this);
    }

    internal bool Owns(DeviceContext context) => ReferenceEquals(context, _context);

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>The owner has disposed the buffer.</summary>
    internal void Forget(GpuBuffer buffer)
    {
        Interlocked.Decrement(ref _liveBuffers);
        Interlocked.Add(ref _liveBytes, -buffer.SizeInBytes);
    }

    /// <summary>Nothing refers to the buffer any more: destroys it when the GPU is done with it.</summary>
    internal void Retire(GpuBuffer buffer) => Retire(buffer, buffer.LastUse, buffer.LastUpload);

    /// <summary>The owner has disposed the list: destroys it when the GPU is done with it.</summary>
    internal void Retire(CommandList list)
    {
        Interlocked.Decrement(ref _liveLists);
        Retire(list, list.LastSubmission, 0);
    }

    private void Retire(object thing, ulong use, ulong upload)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return; // The device has destroyed it.
            }

            _retired.Add(thing, use, upload);
        }

        Collect();
    }

    // Destroys what the GPU is done with. On a lost device that must wait for Dispose.
    private void Collect()
    {
        if (_context.IsLost || _retired.IsEmpty)
        {
            return;
        }

        try
        {
            _uploader.Flush();
            while (_retired.TryTake(out var thing))
            {
                Destroy(thing!);
            }
        }
        catch (DeviceLostException)
        {
            // Remembered by the context: the next call that needs the device says so.
        }
    }

    private void Destroy(object thing)
    {
        lock (_lock)
        {
            if (thing is GpuBuffer buffer)
            {
                _buffers.Remove(buffer);
                buffer.Destroy(_context, _allocator);
            }
            else if (thing is CommandList list)
            {
                _lists.Remove(list);
                list.Destroy();
            }
        }
    }

    // Memory that disposed buffers still hold, and empty blocks: true when another try is worth it.
    private bool Reclaim()
    {
        var waiting = !_retired.IsEmpty;
        if (waiting)
        {
            _uploader.Flush();
            _compute.Timeline.Wait(_compute.Submitted, CancellationToken.None);
            _uploads.Timeline.Wait(_uploads.Submitted, CancellationToken.None);
            Collect();
        }

        return _allocator.Trim() || waiting;
    }

    private GpuBuffer Create(long size, BufferKind kind, string name)
    {
        var use = kind switch
        {
            BufferKind.DeviceLocal => MemoryUse.DeviceLocal,
            BufferKind.HostWritable => MemoryUse.HostWritable,
            BufferKind.HostReadable => MemoryUse.HostReadable,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown kind of buffer."),
        };
        var handle = _factory.Create(size, use, name, out var allocation);
        return new GpuBuffer(this, handle, allocation, size, kind, name);
    }

    private void CheckBufferSize(long size, string name)
    {
        var largestHeap = Capabilities.Heaps.Max(heap => heap.Size);
        if (size > largestHeap)
        {
            throw new OutOfDeviceMemoryException($"buffer '{name}'", size, GetMemoryBudget().Available);
        }

        if (size > Capabilities.MaxBufferSize)
        {
            throw new ArgumentOutOfRangeException(nameof(size), string.Create(
                CultureInfo.InvariantCulture,
                $"Buffer '{name}' would have {size} bytes; the device allows {Capabilities.MaxBufferSize} for one buffer. Split it."));
        }
    }

    private void CheckSubmission(Submission submission)
    {
        if (submission.Value > _compute.Submitted)
        {
            throw new ArgumentOutOfRangeException(nameof(submission), string.Create(
                CultureInfo.InvariantCulture,
                $"Submission {submission.Value} is not of this device; its latest is {_compute.Submitted}."));
        }
    }
}
