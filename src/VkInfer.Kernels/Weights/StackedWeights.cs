namespace VkInfer.Kernels;

/// <summary>
/// Matrices of equal width whose rows follow one another: what stands in one matrix where all its rows have one format. Immutable.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class StackedWeights
{
    /// <summary>Stacks matrices.</summary>
    /// <param name="parts">The matrices, at least one, in the order of their rows.</param>
    /// <exception cref="ArgumentException">No part, or parts of different widths.</exception>
    public StackedWeights(IReadOnlyList<WeightMatrix> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0 || parts.Any(part => part.Columns != parts[0].Columns))
        {
            throw new ArgumentException(
                $"stacked weights: expected equal columns, got [{string.Join(", ", parts.Select(part => part.Columns))}]", nameof(parts));
        }

        Parts = parts;
        Rows = parts.Sum(part => part.Rows);
    }

    /// <summary>The matrices in the order of their rows.</summary>
    public IReadOnlyList<WeightMatrix> Parts { get; }

    /// <summary>Rows of all parts together.</summary>
    public int Rows { get; }

    /// <summary>Columns of every part, unpadded.</summary>
    public int Columns => Parts[0].Columns;

    /// <summary>A matrix is a stack of one part.</summary>
    /// <param name="matrix">The matrix.</param>
    public static implicit operator StackedWeights(WeightMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        return new StackedWeights([matrix]);
    }
}
