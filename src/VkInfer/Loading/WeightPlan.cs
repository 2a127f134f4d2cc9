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

/// <summary>What one layer needs.</summary>
internal sealed record LayerPlan(string AttentionNorm, MatrixPlan Qkv, MatrixPlan Output, string MlpNorm, MatrixPlan GateUp, MatrixPlan Down)
{
    public IEnumerable<MatrixPlan> Matrices => [Qkv, Output, GateUp, Down];
}

/// <summary>Everything that loading puts on the device, known before the first byte is moved.</summary>
/// <param name="Embedding">The token embedding.</param>
/// <param name="Layers">The layers.</param>
/// <param name="OutputNorm">Tensor of the last norm.</param>
/// <param name="Output">The output projection, or null where it is tied to the embedding.</param>
/// <param name="FrequencyFactors">Tensor of rotary frequency factors, or null.</param>
internal sealed record WeightPlan(
    MatrixPlan Embedding, IReadOnlyList<LayerPlan> Layers, string OutputNorm, MatrixPlan? Output, string? FrequencyFactors)
{
    public IEnumerable<MatrixPlan> Matrices
    {
        get
        {
            yield return Embedding;
            foreach (MatrixPlan matrix in Layers.SelectMany(layer => layer.Matrices))
            {
                yield return matrix;
            }

            if (Output is not null)
            {
                yield return Output;
            }
        }
    }

    public long SizeInBytes => Matrices.Sum(matrix => matrix.SizeInBytes);
}
