using Silk.NET.Vulkan;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>A command buffer for copies, recorded anew each time. Not thread-safe.</summary>
internal sealed unsafe class TransferCommands : IDisposable
{
    private readonly DeviceContext _context;
    private readonly CommandPool _pool;
    private readonly CommandBuffer _commands;

    public TransferCommands(DeviceContext context, uint family)
    {
        _context = context;
        _pool = CommandPools.Create(context, family);
        _commands = CommandPools.Allocate(context, _pool);
    }

    public void Begin()
    {
        _context.Check(_context.Vk.ResetCommandPool(_context.Handle, _pool, 0), "vkResetCommandPool");
        var info = new CommandBufferBeginInfo
        {
            SType = StructureType.CommandBufferBeginInfo,
            Flags = CommandBufferUsageFlags.OneTimeSubmitBit,
        };
        _context.Check(_context.Vk.BeginCommandBuffer(_commands, &info), "vkBeginCommandBuffer");
        Barriers.Everything(_context.Vk, _commands);
    }

    public void Copy(Buffer source, long sourceOffset, Buffer destination, long destinationOffset, long length)
    {
        var region = new BufferCopy
        {
            SrcOffset = (ulong)sourceOffset,
            DstOffset = (ulong)destinationOffset,
            Size = (ulong)length,
        };
        _context.Vk.CmdCopyBuffer(_commands, source, destination, 1, &region);
    }

    /// <summary>Orders what follows after what was recorded.</summary>
    public void Barrier() => Barriers.Everything(_context.Vk, _commands);

    /// <summary>Ends the recording and submits it; returns the value it signals.</summary>
    public ulong Submit(GpuQueue queue, Timeline wait, ulong waitValue)
    {
        Barriers.ToHost(_context.Vk, _commands);
        _context.Check(_context.Vk.EndCommandBuffer(_commands), "vkEndCommandBuffer");
        var info = new CommandBufferSubmitInfo { SType = StructureType.CommandBufferSubmitInfo, CommandBuffer = _commands };
        lock (queue.Lock)
        {
            return queue.Submit(&info, 1, wait, waitValue);
        }
    }

    public void Dispose() => _context.Vk.DestroyCommandPool(_context.Handle, _pool, null);
}
