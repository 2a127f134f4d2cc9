using VkInfer.Kernels;

namespace VkInfer.Transformer;

/// <summary>One buffer of rows that a pass writes: what makes the buffers and what sums their bytes read the same list of these.</summary>
/// <param name="Name">Its name, for debuggers.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Width">Elements of a row; its padding comes on top.</param>
/// <param name="Type">How elements are stored.</param>
internal readonly record struct ScratchPart(string Name, int Rows, int Width, ActivationType Type = ActivationType.F32)
{
    /// <summary>Device memory that it takes.</summary>
    public long SizeInBytes => Activations.SizeInBytes(Type, Rows, Width);
}
