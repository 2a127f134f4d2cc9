namespace VkInfer.Embeddings;

/// <summary>Makes embeddings of hidden states.</summary>
internal static class Embedding
{
    /// <summary>The mean of rows, behind the modules that the model has, cut and of length 1 as asked.</summary>
    /// <param name="rows">[rows, <paramref name="stride"/>]; at least one.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="modules">What the mean goes through.</param>
    /// <param name="dimensions">Leading elements that count.</param>
    /// <param name="normalize">Whether the result has length 1; one of zeros stays so.</param>
    public static float[] Of(
        ReadOnlySpan<float> rows, int stride, int width, IReadOnlyList<DenseModule> modules, int dimensions, bool normalize)
    {
        double[] sums = new double[width];
        int count = rows.Length / stride;
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> values = rows.Slice(row * stride, width);
            for (int i = 0; i < width; i++)
            {
                sums[i] += values[i];
            }
        }

        float[] vector = Array.ConvertAll(sums, sum => (float)(sum / count));
        foreach (DenseModule module in modules)
        {
            vector = module.Apply(vector);
        }

        Array.Resize(ref vector, dimensions);
        return normalize ? Normal(vector) : vector;
    }

    private static float[] Normal(float[] vector)
    {
        double squares = vector.Sum(value => (double)value * value);
        double scale = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(vector, value => (float)(value * scale));
    }
}
