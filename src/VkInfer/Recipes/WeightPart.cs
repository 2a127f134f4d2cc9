namespace VkInfer.Recipes;

/// <summary>
/// A weight that a block needs: what plans, uploads and makes synthetic weights goes through a model's parts and knows nothing else of its
/// layers. Parts are told apart by reference. Immutable.
/// </summary>
/// <param name="name">For messages and debug names.</param>
internal abstract class WeightPart(string name)
{
    /// <summary>For messages and debug names.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Tensors of a file whose rows, one after another, are a matrix.</summary>
/// <param name="Tensor">Name without <c>.weight</c>.</param>
/// <param name="Rows">Its rows.</param>
internal readonly record struct TensorRows(string Tensor, int Rows);

/// <summary>y = W x, plus a bias where the file has one.</summary>
/// <param name="name">For messages and debug names.</param>
/// <param name="rows">Elements of y.</param>
/// <param name="columns">Elements of x.</param>
/// <param name="layouts">
/// The ways in which a file may have the rows; the first that fits counts, and where none does the last, for what is missing.
/// </param>
internal sealed class LinearPart(string name, int rows, int columns, params TensorRows[][] layouts) : WeightPart(name)
{
    /// <summary>A layer that is one tensor.</summary>
    public LinearPart(string name, int rows, int columns)
        : this(name, rows, columns, [[new TensorRows(name, rows)]])
    {
    }

    /// <summary>Rows of all tensors together.</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns of each tensor.</summary>
    public int Columns { get; } = columns;

    /// <summary>The ways in which a file may have the rows.</summary>
    public IReadOnlyList<TensorRows[]> Layouts { get; } = layouts;

    /// <summary>Whether a model may lack it.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Matrices of the same shape that stand one behind another in a tensor; 1: the tensor is a matrix.</summary>
    public int Experts { get; init; } = 1;

    /// <summary>Whether it takes part in products with rows of a prompt, in the form that matrix units ask for.</summary>
    public bool IsMultiplied { get; init; } = true;

    /// <summary>Whether it scores experts: quantisers leave it in float32.</summary>
    public bool IsRouter { get; init; }

    /// <summary>Whether a token reads one of its many rows, so that it need not take the device's own memory.</summary>
    public bool IsRarelyRead { get; init; }

    /// <summary>Whether it is added to the residual stream as it is, and therefore is float32 on the device.</summary>
    public bool IsAdded { get; init; }
}

/// <summary>A norm of rows.</summary>
/// <param name="name">Its tensors without <c>.weight</c> and <c>.bias</c>, where nothing else is said.</param>
/// <param name="width">Elements of a row.</param>
/// <param name="kind">Which norm.</param>
internal sealed class NormPart(string name, int width, NormKind kind) : WeightPart(name)
{
    /// <summary>Elements of a row.</summary>
    public int Width { get; } = width;

    /// <summary>Which norm.</summary>
    public NormKind Kind { get; } = kind;

    /// <summary>The tensor of its gain.</summary>
    public string Gain { get; init; } = name + ".weight";

    /// <summary>Factor of its output, which is put into its parameters.</summary>
    public float Factor { get; init; } = 1;
}

/// <summary>A vector of float32: one or more tensors, one after another.</summary>
/// <param name="name">For messages and debug names.</param>
/// <param name="tensors">Full names, and elements of each.</param>
internal sealed class VectorPart(string name, params (string Tensor, int Length)[] tensors) : WeightPart(name)
{
    /// <summary>Full names, and elements of each.</summary>
    public IReadOnlyList<(string Tensor, int Length)> Tensors { get; } = tensors;

    /// <summary>Elements of all tensors together.</summary>
    public int Length { get; } = tensors.Sum(tensor => tensor.Length);

    /// <summary>What its elements are in a synthetic model.</summary>
    public float Usual { get; init; } = 1;

    /// <summary>Rows that a tensor may have, beside one.</summary>
    public int Rows { get; init; } = 1;

    /// <summary>Whether a model may lack it, or have it as a linear layer's bias.</summary>
    public bool IsOptional { get; init; }
}
