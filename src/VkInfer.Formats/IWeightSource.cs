using System.Diagnostics.CodeAnalysis;

namespace VkInfer.Formats;

/// <summary>
/// Named tensors, wherever they are stored. All members may be used from several threads; spans must not be used after disposal.
/// </summary>
public interface IWeightSource : IDisposable
{
    /// <summary>The file or folder as the caller named it, for messages.</summary>
    string Path { get; }

    /// <summary>All tensors in the order of the file.</summary>
    IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Finds a tensor by its exact name.</summary>
    bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor);

    /// <summary>Bytes of a tensor where they are mapped, without a copy.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="length">Number of bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes lie outside the tensor, or the tensor outside its file.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed.</exception>
    ReadOnlySpan<byte> GetTensorData(GgufTensor tensor, long offset, int length);
}
