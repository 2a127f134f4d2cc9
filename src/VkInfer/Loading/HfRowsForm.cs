using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>Some rows of a matrix, in another order, as a matrix of their own.</summary>
/// <param name="stored">As it is stored.</param>
/// <param name="name">What the rows are called together.</param>
/// <param name="rows">Which rows of the stored matrix.</param>
internal sealed class HfRowsForm(GgufTensor stored, string name, int[] rows) : HfTensorForm(stored with
{
    Name = name,
    Dimensions = [stored.Columns, rows.Length],
    ByteSize = stored.RowBytes * rows.Length,
})
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        int rowBytes = checked((int)stored.RowBytes);
        byte[] source = file.GetTensorData(stored, 0, checked((int)stored.ByteSize));
        byte[] data = new byte[checked(rows.Length * rowBytes)];
        for (int row = 0; row < rows.Length; row++)
        {
            source.AsSpan(rows[row] * rowBytes, rowBytes).CopyTo(data.AsSpan(row * rowBytes));
        }

        return data;
    }
}
