using VkInfer.Kernels;
using VkInfer.Recipes;
using VkInfer.Vulkan;

namespace VkInfer.Transformer;

/// <summary>A norm's parameters [width] on the device, float32, padded with zeros.</summary>
/// <param name="Gain">Factor of each element.</param>
/// <param name="Shift">What LayerNorm adds to each element; null: RMSNorm.</param>
internal sealed record NormWeights(BufferView Gain, BufferView? Shift = null);

/// <summary>A linear layer on the device.</summary>
/// <param name="Matrix">[N, K]; in parts where the formats of its rows differ.</param>
/// <param name="Bias">Float32 [N], padded with zeros; null: none.</param>
internal sealed record LinearWeights(StackedWeights Matrix, BufferView? Bias = null)
{
    /// <summary>
    /// The matrix [gate | up] of a layer with a gate, where a product with it may multiply the two at its end; else null.
    /// </summary>
    public WeightMatrix? GatedInOne => this is { Bias: null, Matrix.Parts: [var matrix] } ? matrix : null;
}

/// <summary>Rotary tables, float32 [positions, RotaryDim / 2, (cos, sin)].</summary>
/// <param name="Full">Of layers that see everything.</param>
/// <param name="Windowed">Of layers with a window; often the same.</param>
internal sealed record RopeTables(BufferView Full, BufferView Windowed);

/// <summary>Brings the parts of a model to a device, one kind of part at a time.</summary>
internal interface IWeightMaker
{
    /// <summary>A linear layer; null where the model lacks it and may.</summary>
    LinearWeights? Make(LinearPart part);

    /// <summary>A norm.</summary>
    NormWeights Make(NormPart part);

    /// <summary>A vector; null where the model lacks it and may.</summary>
    BufferView? Make(VectorPart part);

    /// <summary>A table that is computed.</summary>
    BufferView Make(string name, float[] values);
}

/// <summary>All weights of a model on the device, by part. Owns their buffers; immutable after loading.</summary>
internal sealed class TransformerWeights : IDisposable
{
    private readonly List<GpuBuffer> _buffers;
    private readonly Dictionary<LinearPart, LinearWeights> _linears = [];
    private readonly Dictionary<NormPart, NormWeights> _norms = [];
    private readonly Dictionary<VectorPart, BufferView> _vectors = [];

    /// <param name="blocks">The model's parts.</param>
    /// <param name="maker">Makes each.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="contextLength">Positions of the rotary tables.</param>
    /// <param name="buffers">Those that the maker makes.</param>
    public TransformerWeights(ModelBlocks blocks, IWeightMaker maker, ModelConfig config, int contextLength, List<GpuBuffer> buffers)
    {
        Blocks = blocks;
        _buffers = buffers;
        foreach (WeightPart part in blocks.Parts)
        {
            switch (part)
            {
                case LinearPart linear when maker.Make(linear) is { } made:
                    _linears.Add(linear, made);
                    break;
                case NormPart norm:
                    _norms.Add(norm, maker.Make(norm));
                    break;
                case VectorPart vector when maker.Make(vector) is { } made:
                    _vectors.Add(vector, made);
                    break;
            }
        }

        BufferView full = maker.Make("rope_table", RopeTable.Compute(config, contextLength));
        Rope = new RopeTables(
            full, RopeTable.ComputeWindowed(config, contextLength) is { } table ? maker.Make("rope_table.windowed", table) : full);
    }

    /// <summary>The model's parts.</summary>
    public ModelBlocks Blocks { get; }

    /// <summary>[VocabSize, HiddenSize].</summary>
    public WeightMatrix Embedding => _linears[Blocks.Embedding].Matrix.Parts[0];

    /// <summary>Learned positions, float32 [PositionRows, HiddenSize padded]; null: none.</summary>
    public BufferView? Positions => Blocks.Positions is { } positions ? _linears[positions].Matrix.Parts[0].Quants : null;

    /// <summary>What is added to each token, float32 [HiddenSize padded]; null: nothing.</summary>
    public BufferView? TokenType => Blocks.TokenTypes is { } types ? _linears[types].Matrix.Parts[0].Quants : null;

    /// <summary>[VocabSize, HiddenSize]; the same matrix as <see cref="Embedding"/> where the model ties them.</summary>
    public LinearWeights Output => _linears.TryGetValue(Blocks.Output, out LinearWeights? output) ? output
        : new LinearWeights(Embedding, _vectors.TryGetValue(Blocks.TiedBias, out BufferView bias) ? bias : null);

    /// <summary>Rotary tables.</summary>
    public RopeTables Rope { get; }

    /// <summary>All matrices that rows of a prompt are multiplied with in the form that matrix units ask for.</summary>
    public IEnumerable<StackedWeights> Matrices => _linears.Where(pair => pair.Key.IsMultiplied && pair.Key != Blocks.Output)
        .Select(pair => pair.Value).Append(Output).Select(linear => linear.Matrix);

    /// <summary>A linear layer's.</summary>
    public LinearWeights this[LinearPart part] => part == Blocks.Output ? Output : _linears[part];

    /// <summary>A norm's.</summary>
    public NormWeights this[NormPart part] => _norms[part];

    /// <summary>A vector's.</summary>
    public BufferView this[VectorPart part] => _vectors[part];

    public long SizeInBytes => _buffers.Sum(buffer => buffer.SizeInBytes);

    public void Dispose()
    {
        foreach (GpuBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}
