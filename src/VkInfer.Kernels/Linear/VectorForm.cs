using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How a vector is stored for the matrix-vector products that read it.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum VectorForm
{
    /// <summary>float32.</summary>
    Float,

    /// <summary>
    /// Two bytes an element with a scale and a sum for each 32, for integer dot products; see <see cref="FixedPointVector"/>.
    /// </summary>
    Fixed,
}

/// <summary>The input of a matrix-vector product, as its producer left it.</summary>
/// <param name="Data">The elements, padded to KPadded with zeros; <see cref="SizeInBytes"/>.</param>
/// <param name="Form">How they are stored.</param>
/// <param name="Norm">The elements are x · gain of an RMSNorm whose scale is still to be applied; null: they are complete.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct VectorInput(BufferView Data, VectorForm Form = VectorForm.Float, PendingNorm? Norm = null)
{
    /// <summary>Bytes of a vector in a form.</summary>
    public static long SizeInBytes(VectorForm form, int columns) => form == VectorForm.Fixed
        ? FixedPointVector.SizeInBytes(columns)
        : Activations.SizeInBytes(ActivationType.F32, 1, columns);
}

/// <summary>
/// The scale 1 / sqrt(mean(x²) + eps) of an RMSNorm (Zhang and Sennrich 2019), as the product that takes its output computes it.
/// </summary>
/// <param name="Squares">Sums of squares of x, float32; at least <paramref name="Count"/> of them.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Eps">Added to the mean.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct PendingNorm(BufferView Squares, int Count, float Eps)
{
    /// <summary>Fewest rows of a workgroup that leaves a sum.</summary>
    internal const int FewestRows = 8;

    /// <summary>Bytes that suffice for the sums of a vector, whatever product writes them.</summary>
    public static long SizeInBytes(int columns) => (columns + FewestRows - 1) / FewestRows * sizeof(float);
}

/// <summary>Where a product leaves its result as the input of the next one.</summary>
/// <param name="Data">The elements; as <see cref="VectorInput.Data"/>.</param>
/// <param name="Form">How they are stored.</param>
/// <param name="Norm">The RMSNorm before the next product; null: there is none.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct VectorOutput(BufferView Data, VectorForm Form, NextNorm? Norm = null);

/// <summary>An RMSNorm between two products, of which the first one leaves x · gain and sums of squares.</summary>
/// <param name="Gain">float32 [N].</param>
/// <param name="Squares">Receives the sums; <see cref="PendingNorm.SizeInBytes"/>.</param>
/// <param name="Eps">Added to the mean.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct NextNorm(BufferView Gain, BufferView Squares, float Eps);
