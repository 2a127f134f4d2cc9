using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>The upper half of a binary32, widened without loss.</summary>
internal static class BF16Block
{
    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[(2 * i)..]) << 16);
        }
    }
}
