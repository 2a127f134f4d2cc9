using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>The weights of one layer on the device.</summary>
/// <param name="AttentionNorm">Gain [HiddenSize] of the norm before attention, float32, padded with zeros.</param>
/// <param name="Qkv">Rows Q, then K, then V: [QkvSize, HiddenSize].</param>
/// <param name="Output">Attention output projection [HiddenSize, QuerySize].</param>
/// <param name="MlpNorm">Gain [HiddenSize] of the norm before the feed-forward layer.</param>
/// <param name="GateUp">Rows gate, then up: [2 · IntermediateSize, HiddenSize].</param>
/// <param name="Down">[HiddenSize, IntermediateSize].</param>
internal sealed record LayerWeights(
    BufferView AttentionNorm, WeightMatrix Qkv, WeightMatrix Output, BufferView MlpNorm, WeightMatrix GateUp, WeightMatrix Down);

/// <summary>All weights of a model on the device. Owns their buffers; immutable after loading.</summary>
internal sealed class TransformerWeights : IDisposable
{
    private readonly List<GpuBuffer> _buffers;

    public TransformerWeights(
        WeightMatrix embedding, IReadOnlyList<LayerWeights> layers, BufferView outputNorm, WeightMatrix output, BufferView ropeTable,
        List<GpuBuffer> buffers)
    {
        Embedding = embedding;
        Layers = layers;
        OutputNorm = outputNorm;
        Output = output;
        RopeTable = ropeTable;
        _buffers = buffers;
    }

    /// <summary>[VocabSize, HiddenSize].</summary>
    public WeightMatrix Embedding { get; }

    public IReadOnlyList<LayerWeights> Layers { get; }

    public BufferView OutputNorm { get; }

    /// <summary>[VocabSize, HiddenSize]; the same matrix as <see cref="Embedding"/> where the model ties them.</summary>
    public WeightMatrix Output { get; }

    /// <summary>Float32 [positions, RotaryDim / 2, (cos, sin)].</summary>
    public BufferView RopeTable { get; }

    /// <summary>All matrices that a prompt is multiplied with.</summary>
    public IEnumerable<WeightMatrix> Matrices =>
        Layers.SelectMany(layer => new[] { layer.Qkv, layer.Output, layer.GateUp, layer.Down }).Append(Output);

    public long SizeInBytes => _buffers.Sum(buffer => buffer.SizeInBytes);

    public void Dispose()
    {
        foreach (GpuBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
