namespace VkInfer.Kernels.Tests.Attention;

/// <summary>What stands between the QKV product and attention, in double precision.</summary>
internal static class RotationReference
{
    /// <summary>(cos, sin) [Capacity][RotaryDim / 2].</summary>
    public static float[] RopeTable(AttentionShape shape)
    {
        int pairs = shape.RotaryDim / 2;
        float[] table = new float[shape.Capacity * pairs * 2];
        for (int i = 0; i < shape.Capacity * pairs; i++)
        {
            double angle = Angle(shape, i / pairs, i % pairs);
            table[2 * i] = (float)Math.Cos(angle);
            table[(2 * i) + 1] = (float)Math.Sin(angle);
        }

        return table;
    }

    /// <summary>What stands before all else: the bias.</summary>
    public static double[] Prepare(float[] qkv, AttentionShape shape, int seqLen, float[]? bias) =>
        [.. qkv.Take(seqLen * shape.QkvWidth).Select((value, i) => value + (bias?[i % shape.QkvWidth] ?? 0.0))];

    /// <summary>The norm of query and key heads, each or all together, or of each head, with value heads without a gain.</summary>
    public static double[] Normalise(double[] qkv, AttentionShape shape, int seqLen, float[] gains, double epsilon, QkNormKind kind)
    {
        double[] result = (double[])qkv.Clone();
        bool isWhole = kind == QkNormKind.Projection;
        for (int token = 0; token < seqLen; token++)
        {
            int parts = kind == QkNormKind.EachHeadAndValue ? 3 : 2;
            foreach ((int start, int width) in new[]
                { (0, shape.QueryWidth), (shape.QueryWidth, shape.KvWidth), (shape.QueryWidth + shape.KvWidth, shape.KvWidth) }.Take(parts))
            {
                int size = isWhole ? width : shape.HeadDim;
                for (int at = start; at < start + width; at += size)
                {
                    Span<double> elements = result.AsSpan((token * shape.QkvWidth) + at, size);
                    double squares = 0.0;
                    foreach (double element in elements)
                    {
                        squares += element * element;
                    }

                    int firstGain = isWhole ? at : start == 0 ? 0 : shape.HeadDim;
                    bool isValue = start > shape.QueryWidth;
                    for (int i = 0; i < size; i++)
                    {
                        elements[i] *= (isValue ? 1 : gains[firstGain + i]) / Math.Sqrt((squares / size) + epsilon);
                    }
                }
            }
        }

        return result;
    }

    /// <summary>The rows with queries and keys rotated.</summary>
    public static double[] Rotate(double[] qkv, AttentionShape shape, int startPosition, int seqLen)
    {
        double[] result = (double[])qkv.Clone();
        for (int token = 0; token < seqLen; token++)
        {
            for (int head = 0; head < shape.NumHeads + shape.NumKvHeads; head++)
            {
                int at = (token * shape.QkvWidth) + (head * shape.HeadDim);
                for (int pair = 0; pair < shape.RotaryDim / 2; pair++)
                {
                    int first = at + (shape.Pairing == RopePairing.Interleaved ? 2 * pair : pair);
                    int second = shape.Pairing == RopePairing.Interleaved ? first + 1 : first + (shape.RotaryDim / 2);
                    (double sin, double cos) = Math.SinCos(Angle(shape, startPosition + token, pair));
                    result[first] = (qkv[first] * cos) - (qkv[second] * sin);
                    result[second] = (qkv[first] * sin) + (qkv[second] * cos);
                }
            }
        }

        return result;
    }

    private static double Angle(AttentionShape shape, int position, int pair) =>
        position * Math.Pow(10000, -2.0 * pair / shape.RotaryDim);
}
