using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Cache;

/// <summary>
/// Keys and values of one session: per layer two buffers [NumKvHeads, Capacity, HeadDim] of F16 or F32; and how attention over them
/// accumulates its softmax. Owns its buffers.
/// </summary>
internal sealed class KvCache : IDisposable
{
    private readonly GpuBuffer[] _keys;
    private readonly GpuBuffer[] _values;
    private readonly int _rowBytes;
    private readonly int _numKvHeads;

    public KvCache(GpuDevice device, ModelConfig config, KvType type, int capacity, SoftmaxPlan softmax)
    {
        RequireBindable(device.Info, config, type, capacity);
        Capacity = capacity;
        Type = type;
        Softmax = softmax;
        _numKvHeads = config.NumKvHeads;
        _rowBytes = config.HeadDim * ElementBytes(type);
        _keys = new GpuBuffer[config.NumLayers];
        _values = new GpuBuffer[config.NumLayers];
        long bytes = BufferBytes(config, type, capacity);
        try
        {
            SoftmaxStats = device.CreateBuffer(Kernels.SoftmaxStats.SizeInBytes, BufferKind.DeviceLocal, "kv.softmax_stats");
            for (int layer = 0; layer < config.NumLayers; layer++)
            {
                _keys[layer] = device.CreateBuffer(bytes, BufferKind.DeviceLocal, $"kv.{layer}.keys");
                _values[layer] = device.CreateBuffer(bytes, BufferKind.DeviceLocal, $"kv.{layer}.values");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Capacity { get; }

    public KvType Type { get; }

    public SoftmaxPlan Softmax { get; }

    /// <summary>What the asynchronized softmax counted.</summary>
    public GpuBuffer SoftmaxStats { get; }

    /// <summary>Counters of every layer's scores while the softmax is calibrated; else null.</summary>
    public ScoreCounters? ScoreStatistics { get; set; }

    public static long SizeInBytes(ModelConfig config, KvType type, int capacity) =>
        2L * config.NumLayers * config.NumKvHeads * capacity * config.HeadDim * ElementBytes(type);

    /// <summary>Bytes of one layer's keys, or of its values: one buffer, which attention binds whole.</summary>
    public static long BufferBytes(ModelConfig config, KvType type, int capacity) =>
        (long)config.NumKvHeads * capacity * config.HeadDim * ElementBytes(type);

    /// <summary>Refuses a context whose keys a device cannot bind.</summary>
    /// <exception cref="UnsupportedModelException">Says how long a context may be.</exception>
    public static void RequireBindable(PhysicalDeviceInfo device, ModelConfig config, KvType type, int capacity)
    {
        long bytes = BufferBytes(config, type, capacity);
        long most = device.Capabilities.MaxStorageBufferRange;
        if (bytes > most)
        {
            throw new UnsupportedModelException(
                $"A context of {capacity} tokens takes {bytes} bytes of keys in each layer, and {device.Name} binds at most {most} bytes at once: "
                + $"a context of at most {most / BufferBytes(config, type, 1)} tokens fits (ContextLength, --context)"
                + (type == KvType.F32 ? ", with F16 twice as many (KvType, --kv-type)." : "."));
        }
    }

    public BufferView Keys(int layer) => _keys[layer];

    public BufferView Values(int layer) => _values[layer];

    /// <summary>Zeroes the cache, so that positions never written hold finite numbers, and the counters.</summary>
    public void RecordClear(CommandList commands)
    {
        commands.Fill(SoftmaxStats, 0);
        for (int layer = 0; layer < _keys.Length; layer++)
        {
            commands.Fill(_keys[layer], 0);
            commands.Fill(_values[layer], 0);
        }
    }

    /// <summary>Copies the first <paramref name="length"/> positions of another cache of the same shape.</summary>
    public void RecordCopyFrom(CommandList commands, KvCache source, int length)
    {
        long bytes = (long)length * _rowBytes;
        for (int layer = 0; layer < _keys.Length; layer++)
        {
            for (int head = 0; head < _numKvHeads; head++)
            {
                long from = (long)head * source.Capacity * _rowBytes;
                long to = (long)head * Capacity * _rowBytes;
                commands.Copy(source._keys[layer].View(from, bytes), _keys[layer].View(to, bytes));
                commands.Copy(source._values[layer].View(from, bytes), _values[layer].View(to, bytes));
            }
        }
    }

    public void Dispose()
    {
        foreach (GpuBuffer? buffer in _keys.Concat(_values).Append(SoftmaxStats))
        {
            buffer?.Dispose();
        }
    }

    private static int ElementBytes(KvType type) => type == KvType.F16 ? 2 : 4;
}
