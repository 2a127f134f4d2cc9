using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>A matrix of floats whose rows and columns change places.</summary>
/// <param name="stored">As it is stored.</param>
internal sealed class HfTransposedForm(GgufTensor stored) : HfTensorForm(stored with { Dimensions = [.. stored.Dimensions.Reverse()] })
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        byte[] source = file.GetTensorData(stored, 0, checked((int)stored.ByteSize));
        (int rows, int columns) = ((int)Changed.Rows, (int)Changed.Columns);
        int size = source.Length / (rows * columns);
        byte[] data = new byte[source.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                source.AsSpan(((column * rows) + row) * size, size).CopyTo(data.AsSpan(((row * columns) + column) * size));
            }
        }

        return data;
    }
}
