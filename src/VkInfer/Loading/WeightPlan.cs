using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Loading;

/// <summary>One matrix as it will stand on the device: one or more tensors of the file, their rows one after another.</summary>
/// <param name="Name">For messages and debug names.</param>
/// <param name="Type">Element type on the device.</param>
/// <param name="Rows">Rows of all parts together.</param>
/// <param name="Columns">Columns of every part.</param>
/// <param name="Tensors">Names of the file's tensors, in row order.</param>
internal sealed record MatrixPlan(string Name, WeightType Type, int Rows, int Columns, IReadOnlyList<string> Tensors)
{
    /// <summary>Whether it lies in system memory.</summary>
    public bool IsRarelyRead { get; init; }

    public long SizeInBytes => WeightLayout.SizeInBytes(Type, Rows, Columns);
}

/// <summary>A piece of a vector: a tensor of the file, or zeros where it has none.</summary>
/// <param name="Tensor">The tensor's name; null: zeros.</param>
/// <param name="Length">Elements.</param>
internal readonly record struct VectorPiece(string? Tensor, int Length);

/// <summary>One float32 vector on the device: pieces, one after another, of which one at least is a tensor.</summary>
/// <param name="Pieces">The pieces.</param>
/// <param name="Factor">Factor of each element.</param>
internal sealed record VectorPlan(IReadOnlyList<VectorPiece> Pieces, float Factor = 1)
{
    /// <summary>Elements of all pieces together.</summary>
    public int Length { get; } = Pieces.Sum(piece => piece.Length);
}

/// <summary>A norm's gain, and for LayerNorm its shift.</summary>
internal sealed record NormPlan(VectorPlan Gain, VectorPlan? Shift = null);

/// <summary>A linear layer, with its bias where it has one: one matrix, or more where the formats of its rows differ.</summary>
internal sealed record LinearPlan(IReadOnlyList<MatrixPlan> Parts, VectorPlan? Bias);

/// <summary>Everything that loading puts on the device, known before the first byte is moved.</summary>
/// <param name="Blocks">The model's parts.</param>
/// <param name="Linears">Linear layers of the file; those that a model may lack are absent where it does.</param>
/// <param name="Norms">Norms.</param>
/// <param name="Vectors">Other vectors; likewise.</param>
internal sealed record WeightPlan(
    ModelBlocks Blocks, IReadOnlyDictionary<LinearPart, LinearPlan> Linears, IReadOnlyDictionary<NormPart, NormPlan> Norms,
    IReadOnlyDictionary<VectorPart, VectorPlan> Vectors)
{
    public IEnumerable<MatrixPlan> Matrices => Linears.Values.SelectMany(linear => linear.Parts);

    public long SizeInBytes => Matrices.Sum(matrix => matrix.SizeInBytes);

    /// <summary>The same without what lies in system memory.</summary>
    public long DeviceBytes => Matrices.Where(matrix => !matrix.IsRarelyRead).Sum(matrix => matrix.SizeInBytes);
}
