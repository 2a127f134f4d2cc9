namespace VkInfer.Formats.Blocks;

/// <summary>What the scale of a block is made from.</summary>
internal static class BlockScale
{
    /// <summary>Far below what binary16 can scale, and far above where a scale has no inverse.</summary>
    private const float Smallest = 1e-30f;

    /// <summary>The largest weight of a block; 0 where it is so small that the block decodes to zeros whatever its quants.</summary>
    public static float OrZero(float largest) => MathF.Abs(largest) < Smallest ? 0 : largest;
}
