using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace VkInfer.Vulkan;

/// <summary>
/// Recorded GPU work: <see cref="Record"/> takes dispatches and copies, then come any number of submissions, also while an earlier one
/// runs. Barriers are placed where recorded work reads or writes what earlier work of the list wrote or read. The list keeps its
/// buffers' memory until it is recorded anew or disposed, or was submitted for the only time. Recorded and submitted by one thread at a
/// time; disposed from any.
/// </summary>
public sealed unsafe partial class CommandList : GpuResource
{
    private readonly DeviceContext _context;
    private readonly CommandPool _pool;
    private readonly CommandBuffer _commands;
    private readonly DescriptorArena _descriptors;
    private readonly TimestampArena _timestamps;
    private readonly HazardTracker _hazards = new();
    private readonly HashSet<GpuBuffer> _bufferSet = [];
    private readonly List<GpuBuffer> _buffers = [];
    private DispatchProfile? _profile;
    private ComputePipeline? _bound;
    private State _state;
    private ulong _lastSubmission;

    internal CommandList(GpuDevice device, DeviceContext context, string name)
        : base(device, name)
    {
        _context = context;
        _pool = CommandPools.Create(context, context.Families.Compute!.Value);
        try
        {
            _commands = CommandPools.Allocate(context, _pool);
            context.Name(ObjectType.CommandBuffer, (ulong)_commands.Handle, name);
        }
        catch
        {
            context.Vk.DestroyCommandPool(context.Handle, _pool, null);
            throw;
        }

        _descriptors = new DescriptorArena(context);
        _timestamps = new TimestampArena(context);
    }

    private enum State
    {
        Empty,
        Recording,
        Recorded,

        /// <summary>Submitted for the only time: what it did can be timed, and no more.</summary>
        Spent,
    }

    /// <summary>Dispatches as recorded.</summary>
    public int DispatchCount { get; private set; }

    /// <summary>Barriers between them, without those at the list's start and end.</summary>
    public int BarrierCount { get; private set; }

    /// <summary>Whether each dispatch is timed: <see cref="GpuDevice.ProfilesDispatches"/> as it was at <see cref="Begin"/>.</summary>
    public bool IsProfiled { get; private set; }

    internal CommandBuffer Commands => _commands;

    internal override ulong LastUse => Volatile.Read(ref _lastSubmission);

    private protected override string What => "command list";

    /// <summary>Records a dispatch.</summary>
    /// <param name="pipeline">What runs.</param>
    /// <param name="groupsX">Workgroups along x.</param>
    /// <param name="groupsY">Workgroups along y.</param>
    /// <param name="groupsZ">Workgroups along z.</param>
    /// <param name="pushConstants">The shader's push-constant block.</param>
    /// <param name="bindings">
    /// Buffers for bindings 0, 1, 2 … Views beyond the last binding that the compiled shader uses are allowed and without effect:
    /// compilers drop bindings that a variant does not read.
    /// </param>
    /// <param name="addressed">What the shader reaches by <see cref="GpuBuffer.DeviceAddress"/>, and how.</param>
    /// <param name="link">Its place in a chain, which its push constants say, too.</param>
    /// <exception cref="ArgumentException">
    /// Bindings or push constants do not fit the shader, or a limit of the device is passed.
    /// </exception>
    public void Dispatch(
        ComputePipeline pipeline, uint groupsX, uint groupsY, uint groupsZ, ReadOnlySpan<byte> pushConstants,
        ReadOnlySpan<BufferView> bindings, ReadOnlySpan<AddressedView> addressed = default, ChainLink link = default)
    {
        using Lifetime.Lease lease = UseRecording("vkCmdDispatch");
        if (IsPlanning)
        {
            return;
        }

        DispatchChecks.Check(_context, pipeline, groupsX, groupsY, groupsZ, pushConstants, bindings);
        BindingAccess[] access = pipeline.Access;
        ReadOnlySpan<BufferView> used = bindings[..access.Length];
        foreach (ref readonly AddressedView view in addressed)
        {
            CheckView(view.View, nameof(addressed));
        }

        Order(used, access, WorkStages.Compute, addressed, link);
        _linkGroups += link.IsChained ? (ulong)groupsX * groupsY * groupsZ : 0;

        if (!ReferenceEquals(_bound, pipeline))
        {
            _context.Vk.CmdBindPipeline(_commands, PipelineBindPoint.Compute, pipeline.Handle);
            _bound = pipeline;
        }

        if (!used.IsEmpty)
        {
            DescriptorSet set = _descriptors.Write(pipeline.SetLayout, used);
            _context.Vk.CmdBindDescriptorSets(_commands, PipelineBindPoint.Compute, pipeline.Layout, 0, 1, &set, 0, null);
        }

        if (pipeline.PushSize > 0)
        {
            byte* padded = stackalloc byte[pipeline.PushSize];
            new Span<byte>(padded, pipeline.PushSize).Clear();
            pushConstants[..Math.Min(pushConstants.Length, pipeline.PushSize)].CopyTo(new Span<byte>(padded, pipeline.PushSize));
            _context.Vk.CmdPushConstants(
                _commands, pipeline.Layout, ShaderStageFlags.ComputeBit, 0, (uint)pipeline.PushSize, padded);
        }

        if (IsProfiled)
        {
            _profile!.Before(_commands, pipeline.Name, used);
        }

        _context.Vk.CmdDispatch(_commands, groupsX, groupsY, groupsZ);
        DispatchCount++;
        if (IsProfiled)
        {
            _profile!.After(_commands);
        }
    }

    /// <summary>Records a dispatch whose push constants are a struct.</summary>
    /// <param name="pipeline">What runs.</param>
    /// <param name="groups">Workgroups along x, y and z.</param>
    /// <param name="push">Push constants, laid out as the shader's block.</param>
    /// <param name="bindings">Buffers for bindings 0, 1, 2 …</param>
    /// <param name="addressed">What the shader reaches by <see cref="GpuBuffer.DeviceAddress"/>, and how.</param>
    /// <param name="link">Its place in a chain, which its push constants say, too.</param>
    public void Dispatch<TPush>(
        ComputePipeline pipeline, (uint X, uint Y, uint Z) groups, in TPush push, ReadOnlySpan<BufferView> bindings,
        ReadOnlySpan<AddressedView> addressed = default, ChainLink link = default)
        where TPush : unmanaged
        => Dispatch(
            pipeline, groups.X, groups.Y, groups.Z, MemoryMarshal.AsBytes(new ReadOnlySpan<TPush>(in push)), bindings, addressed, link);

    /// <summary>Records a copy between ranges of one length that do not overlap.</summary>
    public void Copy(BufferView source, BufferView destination)
    {
        using Lifetime.Lease lease = UseRecording("vkCmdCopyBuffer");
        if (IsPlanning)
        {
            return;
        }

        CheckView(source, nameof(source));
        CheckView(destination, nameof(destination));
        if (source.Length != destination.Length)
        {
            throw new ArgumentException(
                $"The copy reads {source.Length} bytes of '{source.Buffer.Name}' and writes {destination.Length} of "
                + $"'{destination.Buffer.Name}'.", nameof(destination));
        }

        if (source.Overlaps(destination))
        {
            throw new ArgumentException($"The copy's ranges overlap in buffer '{source.Buffer.Name}'.", nameof(destination));
        }

        Order([source, destination], [BindingAccess.Read, BindingAccess.Write], WorkStages.Transfer);
        var region = new BufferCopy((ulong)source.Offset, (ulong)destination.Offset, (ulong)source.Length);
        _context.Vk.CmdCopyBuffer(_commands, source.Buffer.Handle, destination.Buffer.Handle, 1, &region);
    }

    /// <summary>
    /// Records a fill with a 32-bit value. Offset and length are multiples of four, but for a length that ends with the buffer.
    /// </summary>
    public void Fill(BufferView destination, uint value)
    {
        using Lifetime.Lease lease = UseRecording("vkCmdFillBuffer");
        if (IsPlanning)
        {
            return;
        }

        CheckView(destination, nameof(destination));
        bool toEnd = destination.Offset + destination.Length == destination.Buffer.SizeInBytes;
        if (destination.Offset % 4 != 0 || (destination.Length % 4 != 0 && !toEnd))
        {
            throw new ArgumentException(
                $"A fill takes multiples of four bytes; this one starts at {destination.Offset} and has {destination.Length}.",
                nameof(destination));
        }

        // The buffer itself is rounded up to 16 bytes, so the last word is there.
        Order([destination], [BindingAccess.Write], WorkStages.Transfer);
        _context.Vk.CmdFillBuffer(
            _commands, destination.Buffer.Handle, (ulong)destination.Offset, (ulong)((destination.Length + 3) & ~3L), value);
    }

    /// <summary>Records a time stamp, taken when all work before it has completed.</summary>
    /// <exception cref="NotSupportedException">The device has none.</exception>
    public void Timestamp(string label)
    {
        using Lifetime.Lease lease = UseRecording("vkCmdWriteTimestamp2");
        ArgumentNullException.ThrowIfNull(label);
        if (!_context.Info.Capabilities.TimestampsSupported)
        {
            throw new NotSupportedException($"Device '{_context.Info.Name}' has no time stamps.");
        }

        _timestamps.Record(_commands, label);
    }

    /// <summary>Says for a profile what the next dispatch has to do; without effect where the list is not profiled.</summary>
    public void Describe(in DispatchWork work)
    {
        if (IsProfiled && !IsPlanning)
        {
            _profile!.Describe(work);
        }
    }

    /// <summary>
    /// The dispatches of the latest submission, in recorded order; none where the list is not profiled, or the device has not all time
    /// stamps.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no submission since <see cref="Begin"/>, or it has not completed.</exception>
    public IReadOnlyList<DispatchTime> ReadProfile()
    {
        using Lifetime.Lease lease = UseResults();
        return IsProfiled ? _profile!.Read() : [];
    }

    /// <summary>The time stamps of the latest submission.</summary>
    /// <returns>
    /// Labels in recorded order, with the microseconds since the first of them; empty where the device has not all of them.
    /// </returns>
    /// <exception cref="InvalidOperationException">There is no submission since it was recorded, or it has not completed.</exception>
    public IReadOnlyList<(string Label, double Microseconds)> ReadTimestamps()
    {
        using Lifetime.Lease lease = UseResults();
        return _timestamps.Read();
    }

    /// <summary>Microseconds from the first to the last time stamp of the latest submission; null where the device has not both.</summary>
    /// <exception cref="InvalidOperationException">There is no submission since it was recorded, or it has not completed.</exception>
    public double? ReadMicroseconds() => ReadTimestamps() is [.., var last] ? last.Microseconds : null;

    /// <summary>Records a label for debuggers.</summary>
    public void Label(string name)
    {
        using Lifetime.Lease lease = UseRecording("vkCmdInsertDebugUtilsLabelEXT");
        if (_context.Debug is { } debug)
        {
            using var text = new Utf8Name(name);
            var label = new DebugUtilsLabelEXT { SType = StructureType.DebugUtilsLabelExt, PLabelName = text.Pointer };
            debug.CmdInsertDebugUtilsLabel(_commands, &label);
        }
    }

    private void Order(
        ReadOnlySpan<BufferView> views, ReadOnlySpan<BindingAccess> access, WorkStages stage,
        ReadOnlySpan<AddressedView> addressed = default, ChainLink link = default)
    {
        if (!link.IsChained)
        {
            (_linkGroups, _shared) = (0, null);
        }

        // Later links wait for those before them alone: the first one stands behind all that is in no chain.
        bool begins = link.IsChained && !link.Waits && _linkGroups == 0;
        if (begins || (!link.Waits && Conflicts(views, access, stage, addressed)))
        {
            Barriers.Between(_context.Vk, _commands, _hazards.Order(stage), stage);
            BarrierCount++;
        }

        for (int i = 0; i < views.Length; i++)
        {
            Use(views[i], access[i], stage);
        }

        foreach (ref readonly AddressedView view in addressed)
        {
            Use(view.View, view.Access, stage);
        }
    }

    private bool Conflicts(
        ReadOnlySpan<BufferView> views, ReadOnlySpan<BindingAccess> access, WorkStages stage, ReadOnlySpan<AddressedView> addressed)
    {
        for (int i = 0; i < views.Length; i++)
        {
            if (_hazards.Conflicts(views[i], access[i], stage))
            {
                return true;
            }
        }

        foreach (ref readonly AddressedView view in addressed)
        {
            if (_hazards.Conflicts(view.View, view.Access, stage))
            {
                return true;
            }
        }

        return false;
    }

    private void Use(in BufferView view, BindingAccess access, WorkStages stage)
    {
        if (!_bufferSet.Contains(view.Buffer))
        {
            view.Buffer.Retain();
            _bufferSet.Add(view.Buffer);
            _buffers.Add(view.Buffer);
        }

        _hazards.Add(view, access, stage);
    }

    private void CheckView(in BufferView view, string parameter)
    {
        view.Check(parameter);
        DispatchChecks.CheckDevice(_context, view.Buffer, parameter);
    }
}
