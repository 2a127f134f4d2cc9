namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Keys and values as a cache holds them, and attention over them in double precision.</summary>
internal static class CachedTokens
{
    /// <summary>
    /// Rounds values to what the cache can hold, so that the reference starts from the same, and fills the place behind them.
    /// </summary>
    public static float[] Prepare(float[] values, AttentionShape shape, int kvLen, float unused = 0)
    {
        for (int i = 0; i < values.Length; i++)
        {
            bool isUsed = i / shape.HeadDim % shape.Capacity < kvLen;
            values[i] = !isUsed ? unused : shape.KvType == KvType.F16 ? (float)(Half)values[i] : values[i];
        }

        return values;
    }

    /// <summary>The output of all query heads.</summary>
    public static double[] Attend(AttentionShape shape, int kvLen, ReadOnlySpan<float> q, float[] k, float[] v)
    {
        double[] result = new double[shape.QueryWidth];
        for (int head = 0; head < shape.NumHeads; head++)
        {
            int at = head * shape.HeadDim;
            AttentionReference.Attend(shape, head, q.Slice(at, shape.HeadDim), k, v, kvLen, result.AsSpan(at, shape.HeadDim));
        }

        return result;
    }
}
