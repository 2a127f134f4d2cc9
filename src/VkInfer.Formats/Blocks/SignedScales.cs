namespace VkInfer.Formats.Blocks;

/// <summary>The scales of a block's parts as a common factor d times whole numbers from -limit to limit - 1.</summary>
internal static class SignedScales
{
    /// <summary>Chooses d, and rounds the scales to whole numbers.</summary>
    public static Half Quantize(ReadOnlySpan<float> scales, int limit, Span<sbyte> rounded)
    {
        float largest = 0f;
        foreach (float scale in scales)
        {
            largest = MathF.Abs(scale) > MathF.Abs(largest) ? scale : largest;
        }

        // The scale that is largest in size becomes -limit, whichever its sign: the range has one more step there.
        for (int i = 0; i < scales.Length; i++)
        {
            rounded[i] = (sbyte)(largest == 0 ? 0 : Math.Clamp(MathF.Round(scales[i] / largest * -limit), -limit, limit - 1));
        }

        return (Half)(largest / -limit);
    }
}
