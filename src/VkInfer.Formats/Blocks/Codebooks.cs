namespace VkInfer.Formats.Blocks;

/// <summary>
/// The vectors of 8 or 4 levels that the indices of the IQ formats number. They are part of the formats' definition (ggml-common.h) and
/// follow no rule; since they ascend, read as numbers whose lowest digit comes first, one bit for each vector that could be there says all.
/// </summary>
internal static partial class Codebooks
{
    private static readonly Lazy<sbyte[]> LazyIQ1 = Make(IQ1Bits, 8, [-1, 0, 1]);
    private static readonly Lazy<sbyte[]> LazyIQ2XXS = Make(IQ2XXSBits, 8, [8, 25, 43]);
    private static readonly Lazy<sbyte[]> LazyIQ2XS = Make(IQ2XSBits, 8, [8, 25, 43]);
    private static readonly Lazy<sbyte[]> LazyIQ2S = Make(IQ2SBits, 8, [8, 25, 43]);
    private static readonly Lazy<sbyte[]> LazyIQ3XXS = Make(IQ3XXSBits, 4, [4, 12, 20, 28, 36, 44, 52, 62]);
    private static readonly Lazy<sbyte[]> LazyIQ3S = Make(IQ3SBits, 4, [1, 3, 5, 7, 9, 11, 13, 15]);

    /// <summary>[2048, 8], of IQ1_S and IQ1_M.</summary>
    public static ReadOnlySpan<sbyte> IQ1 => LazyIQ1.Value;

    /// <summary>[256, 8].</summary>
    public static ReadOnlySpan<sbyte> IQ2_XXS => LazyIQ2XXS.Value;

    /// <summary>[512, 8].</summary>
    public static ReadOnlySpan<sbyte> IQ2_XS => LazyIQ2XS.Value;

    /// <summary>[1024, 8].</summary>
    public static ReadOnlySpan<sbyte> IQ2_S => LazyIQ2S.Value;

    /// <summary>[256, 4].</summary>
    public static ReadOnlySpan<sbyte> IQ3_XXS => LazyIQ3XXS.Value;

    /// <summary>[512, 4].</summary>
    public static ReadOnlySpan<sbyte> IQ3_S => LazyIQ3S.Value;

    /// <summary>
    /// Eight signs of which seven are stored: the last makes the number of minus signs even. Bit i set: element i is negative.
    /// </summary>
    public static int EvenSigns(uint seven) => (int)(seven | ((uint)System.Numerics.BitOperations.PopCount(seven) & 1) << 7);

    /// <summary>Decodes a vector: scale · level, negative where its bit of <paramref name="signs"/> is set.</summary>
    public static void Write(ReadOnlySpan<sbyte> vector, float scale, int signs, Span<float> values)
    {
        for (int i = 0; i < vector.Length; i++)
        {
            float value = scale * vector[i];
            values[i] = (signs >> i & 1) != 0 ? -value : value;
        }
    }

    private static Lazy<sbyte[]> Make(string bits, int dimensions, sbyte[] levels) => new(() =>
    {
        byte[] map = Convert.FromBase64String(bits);
        var vectors = new List<sbyte>();
        for (int number = 0; number < 8 * map.Length; number++)
        {
            if ((map[number / 8] >> (number % 8) & 1) == 0)
            {
                continue;
            }

            for (int i = 0, rest = number; i < dimensions; i++, rest /= levels.Length)
            {
                vectors.Add(levels[rest % levels.Length]);
            }
        }

        return [.. vectors];
    });
}
