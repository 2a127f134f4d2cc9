using Buffer = Silk.NET.Vulkan.Buffer;

namespace VkInfer.Vulkan;

/// <summary>Downloads from memory that the CPU cannot read at full speed, through cached staging memory. Thread-safe.</summary>
internal sealed unsafe class Downloader(DeviceContext context, BufferFactory factory, GpuQueue queue, Timeline compute) : IDisposable
{
    private const long StagingBytes = 8 << 20;

    private readonly Lock _lock = new();
    private TransferCommands? _commands;
    private Buffer _staging;
    private MemoryAllocation _allocation;

    /// <summary>Copies out of a buffer whose uploads have completed; waits for the submissions that use it.</summary>
    public void Download(GpuBuffer source, long offset, Span<byte> destination)
    {
        lock (_lock)
        {
            if (_commands is null)
            {
                _staging = factory.Create(StagingBytes, MemoryUse.HostReadable, "download staging", out _allocation);
                _commands = new TransferCommands(context, queue.Family);
            }

            while (!destination.IsEmpty)
            {
                int length = (int)Math.Min(StagingBytes, destination.Length);
                _commands.Begin();
                _commands.Copy(source.Handle, offset, _staging, 0, length);
                queue.Timeline.Wait(_commands.Submit(queue, compute, source.LastUse), default);
                new ReadOnlySpan<byte>(_allocation.Mapped, length).CopyTo(destination);
                offset += length;
                destination = destination[length..];
            }
        }
    }

    public void Dispose()
    {
        if (_commands is not null)
        {
            _commands.Dispose();
            factory.Destroy(_staging, _allocation);
            _commands = null;
        }
    }
}
