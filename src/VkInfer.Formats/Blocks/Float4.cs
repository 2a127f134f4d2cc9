namespace VkInfer.Formats.Blocks;

/// <summary>
/// What the sixteen numbers of E2M1 stand for, doubled so that they are whole: two bits of exponent, one of mantissa, a sign.
/// </summary>
internal static class Float4
{
    public static ReadOnlySpan<sbyte> Levels => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
}
