namespace VkInfer.Formats.Blocks;

/// <summary>The sixteen levels that the nibbles of IQ4_NL and IQ4_XS stand for: dense around zero, where most weights are.</summary>
internal static class NonLinear4
{
    public static ReadOnlySpan<sbyte> Levels => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
}
