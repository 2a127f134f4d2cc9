using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Loading;
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
                + Matrix(config.UpSize, config.HiddenSize) + Matrix(config.HiddenSize, config.IntermediateSize)));
    }

    public TransformerWeights Create(int contextLength)
    {
        WeightMatrix embedding = Matrix("token_embd", _config.VocabSize, _config.HiddenSize);
        BufferView? positions = _config.PositionRows > 0
            ? Upload("position_embd", new float[(long)_config.PositionRows * WeightLayout.PadColumns(_config.HiddenSize)])
            : null;
        LayerWeights[] layers = [.. Enumerable.Range(0, _config.NumLayers).Select(Layer)];
        NormWeights outputNorm = Norm("output_norm");
        LinearWeights output = new LinearWeights(Matrix("output", _config.VocabSize, _config.HiddenSize));
        return new TransformerWeights(
            embedding, positions, layers, outputNorm, output, WeightAssembly.Rope(_config, contextLength, Upload), _buffers);
    }

    private LayerWeights Layer(int i)
    {
        NormWeights attentionNorm = Norm($"blk.{i}.attn_norm");
        NormWeights mlpNorm = Norm($"blk.{i}.ffn_norm");
        return new LayerWeights(
            attentionNorm,
            Linear($"blk.{i}.attn_qkv", _config.QkvSize, _config.HiddenSize),
            _config.HasQkNorm ? Ones($"blk.{i}.attn_qk_norm", 2 * _config.HeadDim) : null,
            Linear($"blk.{i}.attn_output", _config.HiddenSize, _config.QuerySize),
            _config.HasPostNorms ? Norm($"blk.{i}.post_attention_norm") : null,
            mlpNorm,
            null,
            Linear($"blk.{i}.ffn_up", _config.UpSize, _config.HiddenSize),
            Linear($"blk.{i}.ffn_down", _config.HiddenSize, _config.IntermediateSize),
            _config.HasPostNorms ? Norm($"blk.{i}.post_ffw_norm") : null);
    }

    private NormWeights Norm(string name) =>
        new(Ones(name, _config.HiddenSize), _config.Norm == NormKind.LayerNorm ? Zeros(name + ".bias", _config.HiddenSize) : null);

    // Models with LayerNorm have biases everywhere.
    private LinearWeights Linear(string name, int rows, int columns) =>
        new(Matrix(name, rows, columns), _config.Norm == NormKind.LayerNorm ? Zeros(name + ".bias", rows) : null);

    private WeightMatrix Matrix(string name, int rows, int columns)
    {
        _cancellation.ThrowIfCancellationRequested();
        long bytes = WeightLayout.SizeInBytes(_type, rows, columns);
        GpuBuffer buffer = Buffer(name, bytes);
        WeightMatrix matrix = WeightMatrix.FromPacked(_type, rows, columns, buffer);
        using CommandList commands = _device.CreateCommandList("random." + name);
        commands.Record(list => _random.Record(list, matrix, _seed++));
        _device.Wait(_device.Submit(commands), _cancellation);
        _done += bytes;
        _progress?.Report(new LoadProgress("Making weights", _done, _total));
        return matrix;
    }

    private BufferView Ones(string name, int length)
    {
        float[] values = new float[WeightLayout.PadColumns(length)];
        values.AsSpan(0, length).Fill(1f);
        return Upload(name, values);
    }

    private BufferView Zeros(string name, int length) => Upload(name, new float[WeightLayout.PadColumns(length)]);

    private BufferView Upload(string name, float[] values)
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
