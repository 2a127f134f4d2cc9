using VkInfer.Kernels;

namespace VkInfer.Loading;

/// <summary>One matrix as it will stand on the device: one or more tensors of the file, their rows one after another.</summary>
/// <param name="Name">For messages and debug names.</param>
/// <param name="Type">Element type on the device.</param>
/// <param name="Rows">Rows of all parts together.</param>
/// <param name="Columns">Columns of every part.</param>
/// <param name="Tensors">Names of the file's tensors, in row order.</param>
internal sealed record MatrixPlan(string Name, WeightType Type, int Rows, int Columns, IReadOnlyList<string> Tensors)
{
    public long SizeInBytes => WeightLayout.SizeInBytes(Type, Rows, Columns);
}

/// <summary>One float32 vector on the device: one or more tensors of the file, one after another.</summary>
/// <param name="Length">Elements of all parts together.</param>
/// <param name="Tensors">Names of the file's tensors.</param>
internal sealed record VectorPlan(int Length, IReadOnlyList<string> Tensors);

/// <summary>A norm's gain, and for LayerNorm its shift.</summary>
internal sealed record NormPlan(VectorPlan Gain, VectorPlan? Shift = null);

/// <summary>A linear layer, with its bias where it has one: one matrix, or more where the formats of its rows differ.</summary>
internal sealed record LinearPlan(IReadOnlyList<MatrixPlan> Parts, VectorPlan? Bias);

/// <summary>What one layer needs.</summary>
internal sealed record LayerPlan(
    NormPlan AttentionNorm, LinearPlan Qkv, VectorPlan? QkNorm, LinearPlan Output, NormPlan? AttentionPostNorm,
    NormPlan MlpNorm, MatrixPlan? Router, LinearPlan Up, LinearPlan Down, NormPlan? MlpPostNorm)
{
    public IEnumerable<LinearPlan> Linears => [Qkv, Output, Up, Down];
}

/// <summary>Everything that loading puts on the device, known before the first byte is moved.</summary>
/// <param name="Embedding">The token embedding.</param>
/// <param name="Positions">The learned positions, or null.</param>
/// <param name="Layers">The layers.</param>
/// <param name="OutputNorm">The last norm.</param>
/// <param name="Output">The output projection, or null where it is tied to the embedding.</param>
internal sealed record WeightPlan(
    MatrixPlan Embedding, MatrixPlan? Positions, IReadOnlyList<LayerPlan> Layers, NormPlan OutputNorm, LinearPlan? Output)
{
    public IEnumerable<MatrixPlan> Matrices =>
        new[] { Embedding, Positions }.Concat(Layers.Select(layer => layer.Router)).OfType<MatrixPlan>()
            .Concat(Layers.SelectMany(layer => layer.Linears).Concat(Output is null ? [] : [Output]).SelectMany(linear => linear.Parts));

    public long SizeInBytes => Matrices.Sum(matrix => matrix.SizeInBytes);
}
