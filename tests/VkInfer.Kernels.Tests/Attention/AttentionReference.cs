namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Attention in double precision, as the textbook has it.</summary>
internal static class AttentionReference
{
    /// <summary>Attention of one query of one head.</summary>
    /// <param name="shape">The layer's attention.</param>
    /// <param name="head">Which query head.</param>
    /// <param name="query">[HeadDim].</param>
    /// <param name="keys">[NumKvHeads][Capacity][HeadDim].</param>
    /// <param name="values">Likewise.</param>
    /// <param name="visible">Tokens up to and with the query's own position; all that there are where it sees later ones.</param>
    /// <param name="result">[HeadDim].</param>
    /// <param name="position">The query's own position, where that is not the last.</param>
    public static void Attend(
        AttentionShape shape, int head, ReadOnlySpan<float> query, float[] keys, float[] values, int visible, Span<double> result,
        int? position = null)
    {
        int cache = head / shape.GroupSize * shape.Capacity * shape.HeadDim;
        int own = position ?? visible - 1;
        int first = shape.Window == 0 ? 0 : Math.Max(0, own + 1 - shape.Window);
        visible = shape.SeesLater && shape.Window > 0 ? Math.Min(visible, own + shape.Window) : visible;
        double[] scores = new double[visible - first];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = Score(shape, query, keys.AsSpan(cache + ((first + i) * shape.HeadDim), shape.HeadDim));
        }

        double highest = scores.Max();
        double sum = scores.Sum(score => Math.Exp(score - highest));
        result.Clear();
        for (int i = 0; i < scores.Length; i++)
        {
            double weight = Math.Exp(scores[i] - highest) / sum;
            for (int d = 0; d < shape.HeadDim; d++)
            {
                result[d] += weight * values[cache + ((first + i) * shape.HeadDim) + d];
            }
        }
    }

    /// <summary>The score of a key: scaled, and capped where the shape says so.</summary>
    public static double Score(AttentionShape shape, ReadOnlySpan<float> query, ReadOnlySpan<float> key)
    {
        double score = 0;
        for (int d = 0; d < query.Length; d++)
        {
            score += (double)query[d] * key[d];
        }

        score *= shape.Scale;
        return shape.LogitSoftCap == 0 ? score : shape.LogitSoftCap * Math.Tanh(score / shape.LogitSoftCap);
    }
}
