using System.Runtime.InteropServices;
using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Transformer;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>Random weights, made on the device: nothing is read or uploaded but the norms and the rotary table.</summary>
internal sealed class SyntheticWeights : IWeightMaker
{
    private readonly GpuDevice _device;
    private readonly RandomWeightsKernel _random;
    private readonly ModelConfig _config;
    private readonly ModelBlocks _blocks;
    private readonly SyntheticTypes _types;
    private readonly long _total;
    private readonly List<GpuBuffer> _buffers;
    private readonly IProgress<LoadProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private long _done;
    private uint _seed = 1;

    public SyntheticWeights(
        GpuDevice device, KernelContext context, ModelConfig config, SyntheticTypes types, long totalBytes, List<GpuBuffer> buffers,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        _device = device;
        _random = new RandomWeightsKernel(context);
        _config = config;
        _blocks = new ModelBlocks(config);
        _types = types;
        _total = totalBytes;
        _buffers = buffers;
        _progress = progress;
        _cancellation = cancellation;
    }

    public static long SizeInBytes(ModelConfig config, SyntheticTypes types) => SizeInBytes(config, types, _ => true);

    /// <summary>The same without what lies in system memory.</summary>
    public static long DeviceBytes(ModelConfig config, SyntheticTypes types) => SizeInBytes(config, types, part => !part.IsRarelyRead);

    private static long SizeInBytes(ModelConfig config, SyntheticTypes types, Func<LinearPart, bool> counts) =>
        new ModelBlocks(config).Parts.OfType<LinearPart>().Where(counts)
            .Sum(part => WeightLayout.SizeInBytes(types.Of(part), part.Rows, part.Columns));

    public TransformerWeights Create(int contextLength) => new(_blocks, this, _config, contextLength, _buffers);

    // Models with LayerNorm have biases everywhere.
    LinearWeights? IWeightMaker.Make(LinearPart part)
    {
        bool isBiased = _config.Norm == NormKind.LayerNorm && part.IsMultiplied && part.Experts == 1 && part != _blocks.Output;
        return new LinearWeights(
            part.IsAdded ? Added(part) : part.IsRouter ? Router(part) : Matrix(part),
            isBiased ? Upload(part.Name + ".bias", new float[WeightLayout.PadColumns(part.Rows)]) : null);
    }

    NormWeights IWeightMaker.Make(NormPart part) => new(
        Filled(part.Name, part.Width, 1),
        part.Kind != NormKind.RmsNorm ? Upload(part.Name + ".bias", new float[WeightLayout.PadColumns(part.Width)]) : null);

    BufferView? IWeightMaker.Make(VectorPart part) => part.IsOptional ? null : Filled(part.Name, part.Length, part.Usual);

    BufferView IWeightMaker.Make(string name, float[] values) => Upload(name, values);

    // Learned positions, all 0.
    private WeightMatrix Added(LinearPart part)
    {
        BufferView zeros = Upload(part.Name, new float[(long)part.Rows * WeightLayout.PadColumns(part.Columns)]);
        return WeightMatrix.FromPacked(WeightType.F32, part.Rows, part.Columns, zeros.Buffer);
    }

    // Logits of standard deviation 4: with near ties, as smaller weights have them, rounding would choose other experts of equal weight.
    private WeightMatrix Router(LinearPart part)
    {
        const float Deviation = 4;
        float range = Deviation * MathF.Sqrt(3f / part.Columns);
        var random = new Random((int)_seed++);
        int padded = WeightLayout.PadColumns(part.Columns);
        float[] values = new float[(long)part.Rows * padded];
        for (int row = 0; row < part.Rows; row++)
        {
            foreach (ref float value in values.AsSpan(row * padded, part.Columns))
            {
                value = ((2 * random.NextSingle()) - 1) * range;
            }
        }

        return WeightMatrix.FromPacked(WeightType.F32, part.Rows, part.Columns, Upload(part.Name, values).Buffer);
    }

    private WeightMatrix Matrix(LinearPart part)
    {
        _cancellation.ThrowIfCancellationRequested();
        WeightType type = _types.Of(part);
        long bytes = WeightLayout.SizeInBytes(type, part.Rows, part.Columns);
        GpuBuffer buffer = Buffer(part.Name, bytes, part.IsRarelyRead ? BufferKind.System : BufferKind.DeviceLocal);
        WeightMatrix matrix = WeightMatrix.FromPacked(type, part.Rows, part.Columns, buffer);
        _device.Wait(_device.RunOnce("random." + part.Name, list => _random.Record(list, matrix, _seed++)), _cancellation);
        _done += bytes;
        _progress?.Report(new LoadProgress("Making weights", _done, _total));
        return matrix;
    }

    private BufferView Filled(string name, int length, float value)
    {
        float[] values = new float[WeightLayout.PadColumns(length)];
        values.AsSpan(0, length).Fill(value);
        return Upload(name, values);
    }

    private BufferView Upload(string name, float[] values)
    {
        GpuBuffer buffer = Buffer(name, (long)values.Length * sizeof(float));
        _device.Upload(buffer, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return buffer;
    }

    private GpuBuffer Buffer(string name, long bytes, BufferKind kind = BufferKind.DeviceLocal)
    {
        GpuBuffer buffer = _device.CreateBuffer(bytes, kind, name);
        _buffers.Add(buffer);
        return buffer;
    }
}

/// <summary>Formats of random weights.</summary>
/// <param name="Usual">Of all matrices but experts'.</param>
/// <param name="Experts">Of experts'.</param>
internal readonly record struct SyntheticTypes(WeightType Usual, WeightType Experts)
{
    /// <summary>The format of a part.</summary>
    public WeightType Of(LinearPart part)
    {
        WeightType type = part.IsAdded || part.IsRouter ? WeightType.F32 : part.Experts > 1 ? Experts : Usual;

        // Rows that are no whole blocks take a format of shorter ones, as quantisers do.
        return part.Columns % WeightLayout.BlockSize(type) == 0 ? type
            : part.Columns % WeightLayout.BlockSize(WeightType.Q8_0) == 0 ? WeightType.Q8_0 : WeightType.F16;
    }
}
