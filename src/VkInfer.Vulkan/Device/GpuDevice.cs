namespace VkInfer.Vulkan;

/// <summary>
/// An open device: makes buffers, pipelines and command lists, and runs them in the order in which they are submitted. Thread-safe,
/// disposal included: calls that are at work when the device is disposed end with <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed unsafe partial class GpuDevice : IDisposable
{
    private readonly DeviceContext _context;
    private readonly MemoryAllocator _allocator;
    private readonly PipelineRegistry _pipelines;
    private readonly GpuQueue _compute;
    private readonly GpuQueue _uploads;
    private readonly GpuQueue _downloads;
    private readonly Transfers _transfers;
    private readonly Submitter _submitter;
    private readonly RetirementQueue _retired;

    internal GpuDevice(DeviceContext context, Lifetime instance)
    {
        _context = context;
        uint transferFamily = context.Families.Transfer ?? context.Families.Compute!.Value;
        _compute = new GpuQueue(context, context.Families.Compute!.Value, "compute");
        _uploads = new GpuQueue(context, transferFamily, "uploads", _compute);
        _downloads = new GpuQueue(context, transferFamily, "downloads", _uploads);
        _allocator = new MemoryAllocator(context);
        Buffers = new BufferFactory(context, _allocator);
        _transfers = new Transfers(context, Buffers, _compute, _uploads, _downloads);
        _submitter = new Submitter(context, _compute, _transfers);
        _retired = new RetirementQueue(_compute.Timeline, _uploads.Timeline);
        Resources = new LiveResources(_retired);
        try
        {
            _pipelines = new PipelineRegistry(context);
            context.Lifetime = new Lifetime(nameof(GpuDevice), Free, instance);
        }
        catch
        {
            _pipelines?.Dispose();
            context.Vk.DestroyDevice(context.Handle, null);
            throw;
        }
    }

    /// <summary>The device this is.</summary>
    public PhysicalDeviceInfo Info => _context.Info;

    /// <summary>What it can do.</summary>
    public DeviceCapabilities Capabilities => Info.Capabilities;

    /// <summary>Buffers that their owners have not disposed.</summary>
    public int LiveBufferCount => Resources.BufferCount;

    /// <summary>Bytes of those buffers.</summary>
    public long LiveBufferBytes => Resources.BufferBytes;

    /// <summary>Command lists that their owners have not disposed.</summary>
    public int LiveCommandListCount => Resources.CommandListCount;

    internal DeviceContext Context => _context;

    internal Lifetime Lifetime => _context.Lifetime;

    internal LiveResources Resources { get; }

    internal BufferFactory Buffers { get; }

    /// <summary>Makes a buffer. Its contents are undefined until they are uploaded, filled or written.</summary>
    /// <param name="sizeInBytes">Bytes, from 1 to <see cref="DeviceCapabilities.MaxBufferSize"/>.</param>
    /// <param name="kind">Who reads and writes it.</param>
    /// <param name="name">For messages and debuggers.</param>
    /// <exception cref="OutOfDeviceMemoryException">There is not that much memory left.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive, or more than the device allows for one buffer.</exception>
    public GpuBuffer CreateBuffer(long sizeInBytes, BufferKind kind, string name)
    {
        using Lifetime.Lease lease = _context.Use("vkCreateBuffer");
        BufferSizes.Check(Capabilities, sizeInBytes, name, () => GetMemoryBudget().Available);
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

        Resources.Add(buffer);
        return buffer;
    }

    /// <summary>The pipeline for a shader and constants; compiled at the first call, and kept until the device is disposed.</summary>
    /// <param name="shader">The shader.</param>
    /// <param name="constants">
    /// Specialisation constants; ids that the shader does not have are ignored, since compilers drop unused ones.
    /// </param>
    /// <param name="requiredSubgroupSize">Null: the driver's choice.</param>
    /// <param name="requireFullSubgroups">No subgroup has idle invocations at its start.</param>
    /// <exception cref="ArgumentException">The shader is malformed, or asks for more than the device has.</exception>
    public ComputePipeline GetPipeline(
        ShaderCode shader, SpecializationConstants constants, int? requiredSubgroupSize = null, bool requireFullSubgroups = false)
    {
        ArgumentNullException.ThrowIfNull(shader);
        using Lifetime.Lease lease = _context.Use("vkCreateComputePipelines");
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
        using Lifetime.Lease lease = _context.Use("vkCreateCommandPool");
        var list = new CommandList(this, _context, name);
        Resources.Add(list);
        return list;
    }

    /// <summary>Submits a recorded list. It runs after all earlier submissions and uploads. Allocates nothing.</summary>
    public Submission Submit(CommandList commands) => Submit(new ReadOnlySpan<CommandList>(in commands));

    /// <summary>Submits up to 64 recorded lists in one call; they run in order. Allocates nothing.</summary>
    /// <exception cref="ObjectDisposedException">A list, or a buffer that a list uses, is disposed.</exception>
    public Submission Submit(ReadOnlySpan<CommandList> commands) => Submit(commands, once: false);

    /// <summary>
    /// As <see cref="Submit(CommandList)"/>, for a list that is recorded anew before it is submitted again: it lets go of its buffers.
    /// </summary>
    public Submission SubmitOnce(CommandList commands) => Submit(new ReadOnlySpan<CommandList>(in commands), once: true);

    /// <summary>Waits until a submission, and so all earlier ones, have completed. Allocates nothing.</summary>
    /// <exception cref="OperationCanceledException">The caller has cancelled; the submission runs on.</exception>
    /// <exception cref="ObjectDisposedException">The device, or the owner of the work, is being disposed.</exception>
    /// <exception cref="DeviceLostException">The device was lost.</exception>
    public void Wait(Submission submission, Cancellation cancellation = default)
    {
        using Lifetime.Lease lease = _context.Use("vkWaitSemaphores");
        _submitter.Wait(submission, cancellation);
        Collect();
    }

    /// <summary>Whether a submission has completed. Does not wait.</summary>
    public bool IsComplete(Submission submission)
    {
        using Lifetime.Lease lease = _context.Use("vkGetSemaphoreCounterValue");
        return _submitter.IsComplete(submission);
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
        using Lifetime.Lease lease = _context.Use("upload");
        _transfers.Upload(destination, offset, data);
    }

    /// <summary>Reads from a buffer, once the submissions and uploads that use it have completed.</summary>
    /// <param name="source">Any kind of buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Bytes.</param>
    public void Download(GpuBuffer source, long offset, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(source);
        using Lifetime.Lease lease = _context.Use("download");
        _transfers.Download(source, offset, destination);
    }

    /// <summary>Hands staged uploads to the GPU now. Submissions and downloads do so by themselves.</summary>
    public void FlushUploads()
    {
        using Lifetime.Lease lease = _context.Use("vkQueueSubmit2");
        _transfers.Flush();
    }

    /// <summary>
    /// Waits until the GPU is done with what has been disposed, and frees it. Does nothing on a device that is lost or disposed, where
    /// that happens with the device.
    /// </summary>
    public void Settle()
    {
        if (_context.IsLost || !Lifetime.TryEnter())
        {
            return;
        }

        try
        {
            // Asked before: what another thread stages and disposes meanwhile may wait for a submission that nobody makes.
            (ulong, ulong) last = _retired.Last;
            _transfers.Flush();
            _retired.Wait(last);
            Collect();
        }
        catch (Exception exception) when (exception is VulkanException or ObjectDisposedException)
        {
            // Lost or disposed meanwhile.
        }
        finally
        {
            Lifetime.Exit();
        }
    }

    /// <summary>How much device memory there is.</summary>
    public MemoryBudget GetMemoryBudget()
    {
        using Lifetime.Lease lease = _context.Use("vkGetPhysicalDeviceMemoryProperties2");
        Collect();
        return _allocator.Budget();
    }

    /// <summary>
    /// Ends waits with <see cref="ObjectDisposedException"/>, waits for the calls at work and for the GPU, keeps the pipeline cache, and
    /// frees everything that was made from the device.
    /// </summary>
    public void Dispose() => Lifetime.Dispose();

    /// <summary>Whether the device is there and not lost; asks the driver.</summary>
    internal bool IsAlive()
    {
        try
        {
            using Lifetime.Lease lease = _context.Use("vkQueueSubmit2");
            _submitter.Probe();
            return true;
        }
        catch (Exception exception) when (exception is DeviceLostException or ObjectDisposedException)
        {
            return false;
        }
    }

    internal bool Owns(DeviceContext context) => ReferenceEquals(context, _context);

    internal ulong AddressOf(GpuBuffer buffer)
    {
        using Lifetime.Lease lease = _context.Use("vkGetBufferDeviceAddress");
        return Buffers.AddressOf(buffer.Handle);
    }

    /// <summary>Nobody refers to the resource any more: destroys it when the GPU is done with it.</summary>
    internal void Retire(GpuResource resource)
    {
        if (Lifetime.TryEnter())
        {
            _retired.Add(resource);
            Collect();
            Lifetime.Exit();
        }

        // Otherwise the device destroys it, or has done so.
    }

    private Submission Submit(ReadOnlySpan<CommandList> commands, bool once)
    {
        using Lifetime.Lease lease = _context.Use("vkQueueSubmit2");
        Submission submission = _submitter.Submit(commands, once);
        Collect();
        return submission;
    }

    private GpuBuffer Create(long size, BufferKind kind, string name)
    {
        Silk.NET.Vulkan.Buffer handle = Buffers.Create(size, BufferSizes.Use(kind), name, out MemoryAllocation allocation);
        return new GpuBuffer(this, handle, allocation, size, kind, name);
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
            _transfers.Flush();
            Resources.Collect();
        }
        catch (VulkanException)
        {
            // What ails the device the next call that needs it will say; what is left here is destroyed later.
        }
    }

    // Memory that disposed buffers still hold, and empty blocks: true when another try is worth it.
    private bool Reclaim()
    {
        bool waiting = !_retired.IsEmpty;
        Settle();
        return _allocator.Trim() || waiting;
    }

    private void Free()
    {
        if (_compute.IsUsed || _uploads.IsUsed || _downloads.IsUsed)
        {
            // Also on a lost device, where it returns in finite time. Drivers for devices that are not there do not survive waiting.
            _ = _context.Vk.DeviceWaitIdle(_context.Handle);
        }

        Resources.DestroyAll();
        _transfers.Dispose();
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
    }
}
