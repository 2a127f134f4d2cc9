using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>The first rows of each head of a matrix of floats, transposed within the head: a matrix of its own.</summary>
/// <param name="stored">As it is stored, [heads · each, columns].</param>
/// <param name="name">What the rows are called together.</param>
/// <param name="heads">Heads.</param>
/// <param name="count">Rows of each head that are taken.</param>
internal sealed class HfHeadsForm(GgufTensor stored, string name, int heads, int count) : HfTensorForm(stored with
{
    Name = name,
    Dimensions = [count, heads * stored.Columns],
    ByteSize = stored.RowBytes * heads * count,
})
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        byte[] source = file.GetTensorData(stored, 0, checked((int)stored.ByteSize));
        (int columns, int each) = ((int)stored.Columns, (int)stored.Rows / heads);
        int size = (int)stored.RowBytes / columns;
        byte[] data = new byte[Changed.ByteSize];
        for (int row = 0; row < heads * columns; row++)
        {
            (int head, int column) = (row / columns, row % columns);
            for (int i = 0; i < count; i++)
            {
                int from = (((head * each) + i) * columns) + column;
                source.AsSpan(from * size, size).CopyTo(data.AsSpan(((row * count) + i) * size));
            }
        }

        return data;
    }
}
