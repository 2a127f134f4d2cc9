using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>Buffers that live and die together. Owns them; not thread-safe.</summary>
internal sealed class BufferSet : IDisposable
{
    private readonly GpuDevice _device;
    private readonly string _prefix;
    private readonly List<GpuBuffer> _buffers = [];

    public BufferSet(GpuDevice device, string prefix)
    {
        _device = device;
        _prefix = prefix;
    }

    public GpuBuffer Create(string name, long bytes, BufferKind kind = BufferKind.DeviceLocal)
    {
        GpuBuffer buffer = _device.CreateBuffer(bytes, kind, $"{_prefix}.{name}");
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Creates a float32 activation [rows, width padded].</summary>
    public GpuBuffer CreateFloats(string name, long rows, int width) =>
        Create(name, rows * WeightLayout.PadColumns(width) * sizeof(float));

    /// <summary>Zeroes every device-local buffer: the padding of activations must be zero, and is never written again.</summary>
    public void RecordClear(CommandList commands)
    {
        foreach (GpuBuffer buffer in _buffers)
        {
            if (buffer.Kind == BufferKind.DeviceLocal)
            {
                commands.Fill(buffer, 0);
            }
        }
    }

    public void Dispose()
    {
        foreach (GpuBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
