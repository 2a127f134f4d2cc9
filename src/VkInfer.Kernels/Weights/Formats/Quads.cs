using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace VkInfer.Kernels;

/// <summary>Packs the quants of 32 weights as <c>include/quads.glsl</c> reads them.</summary>
internal static class Quads
{
    /// <summary>Splits 32 bytes of nibbles: the lower ones are the 32 weights of one chunk, the upper ones those of another.</summary>
    public static void PackNibbles(ReadOnlySpan<byte> bytes, Span<byte> lower, Span<byte> upper)
    {
        var first = Vector128.Create(bytes[..16]);
        var second = Vector128.Create(bytes.Slice(16, 16));
        var low = Vector128.Create((byte)0x0F);
        ((first & low) | (second << 4)).CopyTo(lower);
        ((first >>> 4) | (second & ~low)).CopyTo(upper);
    }

    /// <summary>Packs two bits of each of 32 bytes, from bit <paramref name="shift"/> on, into 8 bytes.</summary>
    public static void PackPairs(ReadOnlySpan<byte> bytes, int shift, Span<byte> destination)
    {
        ulong packed = 0ul;
        for (int i = 0; i < 8; i++)
        {
            uint quad = (BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]) >> shift) & 0x03030303;
            packed |= (ulong)quad << ((2 * (i % 4)) + (i / 4 * 32));
        }

        BinaryPrimitives.WriteUInt64LittleEndian(destination, packed);
    }

    /// <summary>Packs bit <paramref name="shift"/> of each of 32 bytes into 4 bytes.</summary>
    public static void PackBits(ReadOnlySpan<byte> bytes, int shift, Span<byte> destination)
    {
        uint packed = 0u;
        for (int i = 0; i < 8; i++)
        {
            packed |= ((BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 * i)..]) >> shift) & 0x01010101) << i;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(destination, packed);
    }

    /// <summary>Packs a word whose bit i belongs to weight i into 4 bytes.</summary>
    public static void PackBits(ReadOnlySpan<byte> word, Span<byte> destination)
    {
        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(word);
        for (int i = 0; i < 4; i++)
        {
            // Every fourth bit, drawn together in three steps.
            uint x = (bits >> i) & 0x11111111;
            x = (x | (x >> 3)) & 0x03030303;
            x = (x | (x >> 6)) & 0x000F000F;
            destination[i] = (byte)(x | (x >> 12));
        }
    }
}
