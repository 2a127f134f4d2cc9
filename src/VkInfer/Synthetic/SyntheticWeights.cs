using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Random weights, made on the device: nothing is read or uploaded but the norms and the rotary table.</summary>
internal sealed class SyntheticWeights
{
    private readonly GpuDevice _device;
    private readonly RandomWeightsKernel _random;
    private readonly ModelConfig _config;
    private readonly WeightType _type;
    private readonly long _total;
    private readonly List<GpuBuffer> _buffers;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private long _done;
    private uint _seed = 1;

    public SyntheticWeights(
        GpuDevice device, KernelContext context, ModelConfig config, WeightType type, long totalBytes, List<GpuBuffer> buffers,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        _device = device;
        _random = new RandomWeightsKernel(context);
        _config = config;
        _type = type;
        _total = totalBytes;
        _buffers = buffers;
        _progress = progress;
        _cancellation = cancellation;
    }

    public static long SizeInBytes(ModelConfig config, WeightType type)
    {
        long Matrix(int rows, int columns) => WeightLayout.SizeInBytes(type, rows, columns);
        return (2 * Matrix(config.VocabSize, config.HiddenSize))
            + (config.NumLayers * (Matrix(config.QkvSize, config.HiddenSize) + Matrix(config.HiddenSize, config.QuerySize)
                + Matrix(2 * config.IntermediateSize, config.HiddenSize) + Matrix(config.HiddenSize, config.IntermediateSize)));
    }

    public TransformerWeights Create(int contextLength)
    {
        WeightMatrix embedding = Matrix("token_embd", _config.VocabSize, _config.HiddenSize);
        var layers = new LayerWeights[_config.NumLayers];
        for (int i = 0; i < layers.Length; i++)
        {
            layers[i] = new LayerWeights(
                Ones($"blk.{i}.attn_norm"),
                Matrix($"blk.{i}.attn_qkv", _config.QkvSize, _config.HiddenSize),
                Matrix($"blk.{i}.attn_output", _config.HiddenSize, _config.QuerySize),
                Ones($"blk.{i}.ffn_norm"),
                Matrix($"blk.{i}.ffn_gate_up", 2 * _config.IntermediateSize, _config.HiddenSize),
                Matrix($"blk.{i}.ffn_down", _config.HiddenSize, _config.IntermediateSize));
        }

        BufferView rope = Upload("rope_table", RopeTable.Compute(_config, contextLength, []));
        return new TransformerWeights(
            embedding, layers, Ones("output_norm"), Matrix("output", _config.VocabSize, _config.HiddenSize), rope, _buffers);
    }

    private WeightMatrix Matrix(string name, int rows, int columns)
    {
        _cancellation.ThrowIfCancellationRequested();
        long bytes = WeightLayout.SizeInBytes(_type, rows, columns);
        GpuBuffer buffer = Buffer(name, bytes);
        WeightMatrix matrix = WeightMatrix.FromPacked(_type, rows, columns, buffer);
        using CommandList commands = _device.CreateCommandList("random." + name);
        commands.Begin();
        _random.Record(commands, matrix, _seed++);
        commands.End();
        _device.Wait(_device.Submit(commands), _cancellation);
        _done += bytes;
        _progress?.Report(new LoadProgress("Making weights", _done, _total));
        return matrix;
    }

    private BufferView Ones(string name)
    {
        var gain = new float[WeightLayout.PadColumns(_config.HiddenSize)];
        gain.AsSpan(0, _config.HiddenSize).Fill(1f);
        return Upload(name, gain);
    }

    private GpuBuffer Upload(string name, float[] values)
    {
        GpuBuffer buffer = Buffer(name, (long)values.Length * sizeof(float));
        _device.Upload(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return buffer;
    }

    private GpuBuffer Buffer(string name, long bytes)
    {
        GpuBuffer buffer = _device.CreateBuffer(bytes, BufferKind.DeviceLocal, name);
        _buffers.Add(buffer);
        return buffer;
    }
}
