using VkInfer.Testing;

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
            values[i] = isUsed ? values[i] : unused;
        }

        return Stored(values, shape);
    }

    /// <summary>What rows of a cache read as, in place.</summary>
    public static float[] Stored(float[] values, AttentionShape shape)
    {
        for (int i = 0; i < values.Length && shape.KvType == KvType.F16; i++)
        {
            values[i] = (float)(Half)values[i];
        }

        return shape.KvType == KvType.Q8_0 ? QuantisedRow.Stored(values, shape.HeadDim) : values;
    }

    /// <summary>How far stored elements may be from those that were not.</summary>
    public static Bound StoredBound(KvType type) => type switch
    {
        KvType.F32 => Bounds.F32,
        KvType.F16 => Bounds.F16,
        _ => Bounds.CachedQ8_0,
    };

    /// <summary>The output of all query heads, of the last of the tokens or of one that sees later ones.</summary>
    public static double[] Attend(
        AttentionShape shape, int kvLen, ReadOnlySpan<float> q, float[] k, float[] v, int? position = null)
    {
        double[] result = new double[shape.QueryWidth];
        for (int head = 0; head < shape.NumHeads; head++)
        {
            int at = head * shape.HeadDim;
            AttentionReference.Attend(shape, head, q.Slice(at, shape.HeadDim), k, v, kvLen, result.AsSpan(at, shape.HeadDim), position);
        }

        return result;
    }
}
