using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>IEEE 754 binary16, widened without loss.</summary>
internal static class F16Block
{
    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(2 * i)..]);
        }
    }
}
