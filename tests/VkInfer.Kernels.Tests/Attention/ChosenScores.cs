using VkInfer.Testing;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>
/// An attention whose scores are chosen: queries are zero but for their first element, so that the score of a key is its first
/// element times the query's, without rounding. Values are random. What is stored as float16 is rounded to it here; of bytes with scales
/// keys have no other element but the first, which is 127 times a number of four bits, so that it is exact as float16, too.
/// </summary>
internal sealed class ChosenScores
{
    /// <param name="scores">The score of each token, for a head whose factor is 1.</param>
    /// <param name="shape">Its scale must be 1 and its capacity at least the number of scores.</param>
    /// <param name="queries">Queries of a prefill.</param>
    public ChosenScores(AttentionShape shape, float[] scores, int queries = 1)
    {
        Shape = shape;
        bool isQuantised = shape.KvType == KvType.Q8_0;
        Scores = isQuantised ? Array.ConvertAll(scores, Representable) : Stored(scores);
        int count = shape.NumKvHeads * shape.Capacity * shape.HeadDim;
        Queries = new float[queries * shape.QueryWidth];
        for (int head = 0; head < queries * shape.NumHeads; head++)
        {
            Queries[head * shape.HeadDim] = Factor(head % shape.NumHeads);
        }

        Keys = isQuantised ? new float[count] : Stored(Buffers.Random(2, count, -2, 2));
        Values = Stored(Buffers.Random(3, count, -2, 2));
        for (int head = 0; head < shape.NumKvHeads; head++)
        {
            for (int i = 0; i < scores.Length; i++)
            {
                Keys[Index(head, i)] = Scores[i];
            }
        }
    }

    public AttentionShape Shape { get; }

    public float[] Scores { get; }

    public float[] Queries { get; }

    public float[] Keys { get; }

    public float[] Values { get; }

    /// <summary>Where a token's key and value begin.</summary>
    public int Index(int kvHead, int token) => ((kvHead * Shape.Capacity) + token) * Shape.HeadDim;

    /// <summary>Every third head sees all scores as zero, so that neighbours of a difficult row are easy.</summary>
    public static float Factor(int head) => head % 3 == 1 ? 0 : 1;

    /// <summary>The rows among <paramref name="visible"/> tokens per query that have a score outside the range, a NaN included.</summary>
    public int RowsOutside(AttentionSoftmax softmax, params int[] visible) => Rows(visible, scores => IsOutside(scores, softmax));

    /// <summary>
    /// The rows that the matrix form computes anew: those, and where the weights add up to less than 1 in a frame 15 · ln 2 below the
    /// upper bound.
    /// </summary>
    public int RowsOfMatrixForm(AttentionSoftmax softmax, params int[] visible) => Rows(
        visible, scores => IsOutside(scores, softmax) || scores.Sum(score => Math.Exp(score - softmax.Upper + (15 * Math.Log(2)))) < 1);

    /// <summary>Attention of all heads of the queries that see so many tokens.</summary>
    public double[] Reference(params int[] visible)
    {
        double[] result = new double[visible.Length * Shape.QueryWidth];
        for (int row = 0; row < visible.Length * Shape.NumHeads; row++)
        {
            int at = row * Shape.HeadDim;
            AttentionReference.Attend(
                Shape, row % Shape.NumHeads, Queries.AsSpan(at, Shape.HeadDim), Keys, Values, visible[row / Shape.NumHeads],
                result.AsSpan(at, Shape.HeadDim));
        }

        return result;
    }

    /// <summary>The patterns of scores that have broken softmaxes before.</summary>
    public static float[] Pattern(string name, int count)
    {
        float[] scores = name switch
        {
            "normal" => TestValues.Normal(count, 7, deviation: 3),
            "equal" => [.. Enumerable.Repeat(2.5f, count)],
            "all low" => [.. Enumerable.Repeat(-1e4f, count)],
            "staircase" => [.. Enumerable.Range(0, count).Select(i => 0.5f * (i - (count / 2)))],
            _ => TestValues.Normal(count, 8),
        };
        if (name.StartsWith("huge ", StringComparison.Ordinal))
        {
            scores[count / 2] = float.Parse(name[5..], System.Globalization.CultureInfo.InvariantCulture);
        }

        return scores;
    }

    private int Rows(int[] visible, Func<float[], bool> isCounted) => visible.Sum(
        tokens =>
            Enumerable.Range(0, Shape.NumHeads).Count(head => isCounted([.. Scores[..tokens].Select(score => score * Factor(head))])));

    private static bool IsOutside(float[] scores, AttentionSoftmax softmax) =>
        !scores.All(score => score > softmax.Lower && score < softmax.Upper);

    private float[] Stored(float[] values) => CachedTokens.Stored(values, Shape);

    // Within what keys can be.
    private static float Representable(float score)
    {
        const float Steps = 127;
        const float Most = 512 * Steps;
        const int Dropped = 20;
        uint bits = BitConverter.SingleToUInt32Bits(Math.Clamp(score, -Most, Most) / Steps);
        return Steps * BitConverter.UInt32BitsToSingle((bits + (1u << (Dropped - 1))) >> Dropped << Dropped);
    }
}
