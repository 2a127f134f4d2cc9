using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>How the elements of an activation buffer are stored.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public enum ActivationType
{
    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 half precision: what the matrix units take.</summary>
    F16,
}

/// <summary>
/// The layout of activations: row-major [SeqLen, Stride], the stride being the width rounded up to a multiple of 64 elements.
/// The padding is zero: buffers are filled with zeros at creation, and kernels write none of it but zeros.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class Activations
{
    /// <summary>Bytes of one element.</summary>
    /// <param name="type">How elements are stored.</param>
    public static int ElementSize(ActivationType type) => type == ActivationType.F16 ? 2 : 4;

    /// <summary>Elements from one row to the next.</summary>
    /// <param name="width">Elements in use of a row, at least 1.</param>
    public static int Stride(int width) => WeightLayout.PadColumns(width);

    /// <summary>Bytes of a buffer of <paramref name="seqLen"/> rows.</summary>
    /// <param name="type">How elements are stored.</param>
    /// <param name="seqLen">Rows, at least 1.</param>
    /// <param name="width">Elements in use of a row, at least 1.</param>
    public static long SizeInBytes(ActivationType type, int seqLen, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        return (long)seqLen * Stride(width) * ElementSize(type);
    }

    /// <summary>One row of activations, its padding included.</summary>
    /// <param name="view">[rows, Stride(width)].</param>
    /// <param name="type">How elements are stored.</param>
    /// <param name="row">Which.</param>
    /// <param name="width">Elements in use of a row, at least 1.</param>
    public static BufferView Row(BufferView view, ActivationType type, int row, int width)
    {
        long bytes = SizeInBytes(type, 1, width);
        return new BufferView(view.Buffer, view.Offset + (row * bytes), bytes);
    }

    /// <summary>The part of a name in <c>shaders/variants.cmake</c> that stands for the type.</summary>
    internal static string VariantPart(ActivationType type) => type == ActivationType.F16 ? "f16" : "f32";

    /// <summary>The first bytes of a view, as many as the rows take.</summary>
    /// <exception cref="ArgumentException">The view is shorter.</exception>
    internal static BufferView Require(string name, BufferView view, ActivationType type, int seqLen, int width) =>
        Require(name, view, SizeInBytes(type, seqLen, width));

    /// <summary>The first <paramref name="bytes"/> bytes of a view.</summary>
    /// <exception cref="ArgumentException">The view is shorter.</exception>
    internal static BufferView Require(string name, BufferView view, long bytes) => view.Length >= bytes
        ? view with { Length = bytes }
        : throw new ArgumentException($"{name}: expected at least {bytes} bytes, got {view.Length}", name);
}
