namespace VkInfer.Kernels;

/// <summary>
/// A head's key or value as a cache of <see cref="KvType.Q8_0"/> may hold it. Shaders store it in <c>include/kv_quantise.glsl</c>, with
/// scales that err less. For tests.
/// </summary>
internal static class QuantisedRow
{
    private const float MostSteps = 127;
    private const float MostValue = 512 * MostSteps;

    /// <summary>Quantises a row.</summary>
    /// <param name="row">Its elements.</param>
    /// <param name="elements">Receives as many.</param>
    /// <param name="scales">Receives one for each block.</param>
    public static void Encode(ReadOnlySpan<float> row, Span<sbyte> elements, Span<Half> scales)
    {
        for (int first = 0; first < row.Length; first += KvLayout.BlockElements)
        {
            ReadOnlySpan<float> block = row[first..Math.Min(first + KvLayout.BlockElements, row.Length)];
            float largest = 0;
            foreach (float value in block)
            {
                largest = float.IsFinite(value) ? Math.Max(largest, Math.Abs(value)) : float.NaN;
            }

            Half scale = (Half)(Math.Min(largest, MostValue) / MostSteps);
            scales[first / KvLayout.BlockElements] = scale;
            for (int i = 0; i < block.Length; i++)
            {
                elements[first + i] = scale > (Half)0
                    ? (sbyte)Math.Clamp(MathF.Round(block[i] / (float)scale), -MostSteps, MostSteps)
                    : (sbyte)0;
            }
        }
    }

    /// <summary>What a row reads as.</summary>
    /// <param name="elements">Its elements.</param>
    /// <param name="scales">One for each block.</param>
    /// <param name="row">Receives as many as there are elements.</param>
    public static void Decode(ReadOnlySpan<sbyte> elements, ReadOnlySpan<Half> scales, Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = elements[i] * (float)scales[i / KvLayout.BlockElements];
        }
    }

    /// <summary>What rows of values read as once they are stored, in place.</summary>
    /// <param name="values">Whole rows.</param>
    /// <param name="headDim">Elements of a row.</param>
    /// <returns>The same array.</returns>
    public static float[] Stored(float[] values, int headDim)
    {
        sbyte[] elements = new sbyte[headDim];
        var scales = new Half[(headDim + KvLayout.BlockElements - 1) / KvLayout.BlockElements];
        for (int at = 0; at < values.Length; at += headDim)
        {
            Encode(values.AsSpan(at, headDim), elements, scales);
            Decode(elements, scales, values.AsSpan(at, headDim));
        }

        return values;
    }
}
