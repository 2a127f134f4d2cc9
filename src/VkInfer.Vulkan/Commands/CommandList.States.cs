using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <content>From one recording to its submissions, and to the list's end.</content>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed unsafe partial class CommandList
{
    /// <summary>
    /// Forgets what was recorded and records anew. All earlier work of the device is ordered before this list. Where
    /// <paramref name="record"/> throws, the list is empty and can be recorded again.
    /// </summary>
    /// <param name="record">Adds the work; called once, on this thread.</param>
    /// <exception cref="InvalidOperationException">The list is being recorded, or a submission of it has not completed.</exception>
    /// <exception cref="ObjectDisposedException">The list, the device, or a buffer that is named is disposed.</exception>
    public void Record(Action<CommandList> record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Retain();
        try
        {
            Begin();
            try
            {
                record(this);
                End();
            }
            catch
            {
                Abandon();
                throw;
            }
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Takes dispatches, copies and fills without recording them.</summary>
    internal bool IsPlanning { get; set; }

    /// <summary>Starts what <see cref="Record"/> does as a whole.</summary>
    internal void Begin()
    {
        using Lifetime.Lease lease = Use("vkBeginCommandBuffer");
        if (_state == State.Recording)
        {
            throw new InvalidOperationException($"Command list '{Name}' is being recorded already.");
        }

        if (!Device.IsComplete(new Submission(LastUse)))
        {
            throw new InvalidOperationException(
                $"Command list '{Name}' is still running: wait for its submission before it is recorded anew.");
        }

        _state = State.Empty;
        _context.Check(_context.Vk.ResetCommandPool(_context.Handle, _pool, 0), "vkResetCommandPool");
        _descriptors.Reset();
        _timestamps.Reset();
        IsProfiled = Device.ProfilesDispatches && _context.Info.Capabilities.TimestampsSupported;
        if (IsProfiled)
        {
            _profile ??= new DispatchProfile(_context);
            _profile.Reset();
        }

        ReleaseBuffers();
        (_bound, _chain, DispatchCount, BarrierCount, _lastSubmission) = (null, null, 0, 0, 0);

        var info = new CommandBufferBeginInfo
        {
            SType = StructureType.CommandBufferBeginInfo,
            Flags = CommandBufferUsageFlags.SimultaneousUseBit,
        };
        _context.Check(_context.Vk.BeginCommandBuffer(_commands, &info), "vkBeginCommandBuffer");
        Barriers.Everything(_context.Vk, _commands);
        _state = State.Recording;
    }

    /// <summary>Ends what <see cref="Begin"/> started; the list can be submitted.</summary>
    internal void End()
    {
        using Lifetime.Lease lease = UseRecording("vkEndCommandBuffer");
        Barriers.ToHost(_context.Vk, _commands);
        _context.Check(_context.Vk.EndCommandBuffer(_commands), "vkEndCommandBuffer");
        _hazards.Clear();
        _state = State.Recorded;
    }

    /// <summary>Drops a recording that came to nothing. Recording anew resets the pool, and with it what Vulkan recorded.</summary>
    internal void Abandon()
    {
        _state = State.Empty;
        ReleaseBuffers();
    }

    /// <summary>Keeps the list for a submission; <see cref="GpuResource.Release"/> ends that.</summary>
    internal void RetainForSubmission(DeviceContext context)
    {
        if (!ReferenceEquals(context, _context))
        {
            throw new ArgumentException($"Command list '{Name}' is of another device.");
        }

        Retain();
        try
        {
            if (_state != State.Recorded)
            {
                throw new InvalidOperationException($"Command list '{Name}' is not recorded, or was submitted for the only time.");
            }

            foreach (GpuBuffer buffer in CollectionsMarshal.AsSpan(_buffers))
            {
                buffer.ThrowIfDisposed();
            }
        }
        catch
        {
            Release();
            throw;
        }
    }

    internal void MarkSubmitted(ulong value)
    {
        Volatile.Write(ref _lastSubmission, value);
        foreach (GpuBuffer? buffer in CollectionsMarshal.AsSpan(_buffers))
        {
            buffer.MarkUse(value);
        }
    }

    /// <summary>The list will not be submitted again: its buffers are known to be in use until then, and need no keeping.</summary>
    internal void MarkSpent()
    {
        _state = State.Spent;
        ReleaseBuffers();
    }

    internal override void Destroy()
    {
        _descriptors.Dispose();
        _timestamps.Dispose();
        _profile?.Dispose();
        _context.Vk.DestroyCommandPool(_context.Handle, _pool, null);
    }

    private protected override void OnReleased() => ReleaseBuffers();

    private void ReleaseBuffers()
    {
        _hazards.Clear();
        foreach (GpuBuffer buffer in _buffers)
        {
            buffer.Release();
        }

        _buffers.Clear();
        _bufferSet.Clear();
    }

    private Lifetime.Lease Use(string operation)
    {
        ThrowIfDisposed();
        return _context.Use(operation);
    }

    /// <summary>For what the latest submission measured.</summary>
    private Lifetime.Lease UseResults()
    {
        Lifetime.Lease lease = Use("vkGetQueryPoolResults");
        if (LastUse == 0 || !Device.IsComplete(new Submission(LastUse)))
        {
            lease.Dispose();
            throw new InvalidOperationException($"Command list '{Name}' has not run to its end: submit it and wait first.");
        }

        return lease;
    }

    private Lifetime.Lease UseRecording(string operation) => _state == State.Recording || IsDisposed
        ? Use(operation)
        : throw new InvalidOperationException($"Command list '{Name}' is not being recorded.");
}
