using VkInfer.Kernels;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>A norm's parameters [HiddenSize] on the device, float32, padded with zeros.</summary>
/// <param name="Gain">Factor of each element.</param>
/// <param name="Shift">What LayerNorm adds to each element; null: RMSNorm.</param>
internal sealed record NormWeights(BufferView Gain, BufferView? Shift = null);

/// <summary>A linear layer on the device.</summary>
/// <param name="Matrix">[N, K]; in parts where the formats of its rows differ.</param>
/// <param name="Bias">Float32 [N], padded with zeros; null: none.</param>
internal sealed record LinearWeights(StackedWeights Matrix, BufferView? Bias = null);

/// <summary>The weights of one layer on the device.</summary>
/// <param name="AttentionNorm">The norm before attention.</param>
/// <param name="Qkv">Rows Q, then K, then V: [QkvSize, HiddenSize].</param>
/// <param name="QkNorm">Gains of a query head, then of a key head, float32 [2, HeadDim]; null: heads are not normalised.</param>
/// <param name="Output">Attention output projection [HiddenSize, QuerySize].</param>
/// <param name="AttentionPostNorm">The norm of attention's output, or null.</param>
/// <param name="MlpNorm">The norm before the feed-forward layer.</param>
/// <param name="Router">Of a mixture of experts, [NumExperts, HiddenSize]; null: there are none.</param>
/// <param name="Up">Rows gate, then up, or up alone: [UpSize, HiddenSize]. With experts, all gates, then all ups.</param>
/// <param name="Down">[HiddenSize, IntermediateSize], of all experts where there are some.</param>
/// <param name="MlpPostNorm">The norm of the feed-forward layer's output, or null.</param>
internal sealed record LayerWeights(
    NormWeights AttentionNorm, LinearWeights Qkv, BufferView? QkNorm, LinearWeights Output, NormWeights? AttentionPostNorm,
    NormWeights MlpNorm, WeightMatrix? Router, LinearWeights Up, LinearWeights Down, NormWeights? MlpPostNorm)
{
    public IEnumerable<LinearWeights> Linears => [Qkv, Output, Up, Down];

    /// <summary>
    /// The matrix [gate | up], where a product with it may multiply the two at its end; else none. Of a layer with a gate.
    /// </summary>
    public IEnumerable<WeightMatrix> GatedInOne => Router is null && Up is { Bias: null, Matrix.Parts: [var matrix] } ? [matrix] : [];
}

/// <summary>Rotary tables, float32 [positions, RotaryDim / 2, (cos, sin)].</summary>
/// <param name="Full">Of layers that see everything.</param>
/// <param name="Windowed">Of layers with a window; often the same.</param>
internal sealed record RopeTables(BufferView Full, BufferView Windowed);

/// <summary>All weights of a model on the device. Owns their buffers; immutable after loading.</summary>
internal sealed class TransformerWeights : IDisposable
{
    private readonly List<GpuBuffer> _buffers;

    public TransformerWeights(
        WeightMatrix embedding, BufferView? positions, IReadOnlyList<LayerWeights> layers, NormWeights outputNorm, LinearWeights output,
        RopeTables rope, List<GpuBuffer> buffers)
    {
        Embedding = embedding;
        Positions = positions;
        Layers = layers;
        OutputNorm = outputNorm;
        Output = output;
        Rope = rope;
        _buffers = buffers;
    }

    /// <summary>[VocabSize, HiddenSize].</summary>
    public WeightMatrix Embedding { get; }

    /// <summary>Learned positions, float32 [PositionRows, HiddenSize padded]; null: none.</summary>
    public BufferView? Positions { get; }

    public IReadOnlyList<LayerWeights> Layers { get; }

    public NormWeights OutputNorm { get; }

    /// <summary>[VocabSize, HiddenSize]; the same matrix as <see cref="Embedding"/> where the model ties them.</summary>
    public LinearWeights Output { get; }

    public RopeTables Rope { get; }

    /// <summary>All matrices that a prompt is multiplied with.</summary>
    public IEnumerable<StackedWeights> Matrices => Layers.SelectMany(layer => layer.Linears).Append(Output).Select(linear => linear.Matrix);

    public long SizeInBytes => _buffers.Sum(buffer => buffer.SizeInBytes);

    public void Dispose()
    {
        foreach (GpuBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
