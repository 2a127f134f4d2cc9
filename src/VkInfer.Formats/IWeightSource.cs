using System.Diagnostics.CodeAnalysis;

namespace VkInfer.Formats;

/// <summary>Named tensors, wherever they are stored. All members may be used from several threads.</summary>
public interface IWeightSource : IDisposable
{
    /// <summary>The file or folder as the caller named it, for messages.</summary>
    string Path { get; }

    /// <summary>All tensors in the order of the file.</summary>
    IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Finds a tensor by its exact name.</summary>
    bool TryGetTensor(string name, [MaybeNullWhen(false)] out GgufTensor tensor);

    /// <summary>Reads bytes of a tensor.</summary>
    /// <param name="tensor">A tensor of this source.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="destination">Receives as many bytes as it is long.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes lie outside the tensor, or the tensor outside its file.</exception>
    /// <exception cref="IOException">The file was shortened since it was opened, or the system cannot read it.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed.</exception>
    void ReadTensor(GgufTensor tensor, long offset, Span<byte> destination);
}

/// <summary>What every source of tensors can do.</summary>
public static class WeightSourceExtensions
{
    /// <summary>Bytes of a tensor in a new array.</summary>
    /// <param name="source">The source.</param>
    /// <param name="tensor">A tensor of the source.</param>
    /// <param name="offset">First byte, counted from the start of the tensor.</param>
    /// <param name="length">Number of bytes.</param>
    /// <inheritdoc cref="IWeightSource.ReadTensor"/>
    public static byte[] GetTensorData(this IWeightSource source, GgufTensor tensor, long offset, int length)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(length);

        // Checked before so much is allocated; the source says what is wrong.
        byte[] bytes = length <= tensor.ByteSize ? new byte[length] : throw new ArgumentOutOfRangeException(
            nameof(length), $"{length} bytes at {offset} lie outside {tensor} of {tensor.ByteSize} bytes");
        source.ReadTensor(tensor, offset, bytes);
        return bytes;
    }
}
