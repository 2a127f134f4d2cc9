namespace VkInfer.Engine.Execution;

/// <summary>Numbers of rows that commands are recorded for: others take the next, whose spare rows do nothing.</summary>
internal static class RowBuckets
{
    private static ReadOnlySpan<int> Small => [1, 2, 4, 8, 12, 16, 24, 32, 48, 64];

    /// <summary>The least bucket that holds so many rows; 1 row or more.</summary>
    public static int Of(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        foreach (int bucket in Small)
        {
            if (rows <= bucket)
            {
                return bucket;
            }
        }

        return (rows + 63) / 64 * 64;
    }
}
