namespace VkInfer.Kernels;

/// <summary>Cuts a matrix that one binding cannot hold into slices of rows, a dispatch each.</summary>
internal static class RowSlices
{
    /// <summary>The slices in order, each with the index of its first row.</summary>
    public static IEnumerable<(int FirstRow, WeightMatrix Part)> Of(WeightMatrix matrix, KernelContext context)
    {
        int most = matrix.MaxRowsPerBinding(context.Capabilities.MaxStorageBufferRange, WeightLayout.SliceRows);
        for (int row = 0; row < matrix.Rows; row += most)
        {
            yield return (row, matrix.Slice(row, Math.Min(most, matrix.Rows - row)));
        }
    }
}
