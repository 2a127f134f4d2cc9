namespace VkInfer.Embeddings;

/// <summary>Makes embeddings of hidden states.</summary>
internal static class Embedding
{
    /// <summary>The mean of rows, cut and of length 1 as asked.</summary>
    /// <param name="rows">[rows, <paramref name="stride"/>]; at least one.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="dimensions">Leading elements that count.</param>
    /// <param name="normalize">Whether the result has length 1; one of zeros stays so.</param>
    public static float[] Of(ReadOnlySpan<float> rows, int stride, int dimensions, bool normalize)
    {
        double[] sums = new double[dimensions];
        int count = rows.Length / stride;
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> values = rows.Slice(row * stride, dimensions);
            for (int i = 0; i < dimensions; i++)
            {
                sums[i] += values[i];
            }
        }

        double squares = 0;
        foreach (double sum in sums)
        {
            squares += sum * sum;
        }

        double scale = !normalize ? 1.0 / count : squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(sums, sum => (float)(sum * scale));
    }
}
