using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer.Engine.Cache;

/// <summary>Counters of the scores of every layer, zero at first, while a softmax is calibrated. Owns their buffer.</summary>
internal sealed class ScoreCounters : IDisposable
{
    // Alignment of every buffer view that Vulkan may ask for.
    private const int Stride = (ScoreStatistics.SizeInBytes + 255) / 256 * 256;

    private readonly GpuDevice _device;
    private readonly GpuBuffer _buffer;

    public ScoreCounters(GpuDevice device, int layers, Cancellation cancellation)
    {
        _device = device;
        _buffer = device.CreateBuffer((long)layers * Stride, BufferKind.DeviceLocal, "softmax.calibration");
        try
        {
            device.Wait(device.RunOnce("softmax.clear", commands => commands.Fill(_buffer, 0)), cancellation);
        }
        catch
        {
            _buffer.Dispose();
            throw;
        }
    }

    /// <summary>The part of the counters that belongs to a layer.</summary>
    public BufferView Layer(int index) => _buffer.View((long)index * Stride, ScoreStatistics.SizeInBytes);

    /// <summary>What a layer's counters say; waits for the device.</summary>
    public ScoreStatistics Read(int index) => ScoreStatistics.Read(_device, Layer(index));

    public void Dispose() => _buffer.Dispose();
}
