using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 110 bytes: 32 bytes of third bits (element i is bit i / 32 of byte i % 32), 64 bytes of low bits as in
/// <see cref="Q2_KBlock"/>, 12 bytes with a 6-bit scale s for each 16 elements, then d as binary16; x = d · (s - 32) · (q - 4).
/// Scale k has its low half in byte k % 8, the low half of the byte for k below 8, and its upper two bits in byte 8 + k % 4, from bit
/// 2 · (k / 4) on.
/// </summary>
internal static class Q3_KBlock
{
    public const int Size = 256;
    public const int Bytes = 110;

    private const int ScaleSize = 16;
    private const int ScaleZero = 32;
    private const int Zero = 4;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            ReadOnlySpan<byte> low = bytes.Slice(32, 64);
            ReadOnlySpan<byte> scales = bytes.Slice(96, 12);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[108..]);
            for (int i = 0; i < Size; i++)
            {
                int quant = ((low[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3) | (((bytes[i % 32] >> (i / 32)) & 1) << 2);
                values[i] = d * (Scale(scales, i / ScaleSize) - ScaleZero) * (quant - Zero);
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<float> fits = stackalloc float[Size / ScaleSize];
        Span<sbyte> scales = stackalloc sbyte[Size / ScaleSize];
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            SymmetricFit.OfParts(values, Zero, fits);
            bytes.Clear();
            Half d = SignedScales.Quantize(fits, ScaleZero, scales);
            BinaryPrimitives.WriteHalfLittleEndian(bytes[108..], d);
            for (int i = 0; i < scales.Length; i++)
            {
                WriteScale(bytes.Slice(96, 12), i, scales[i] + ScaleZero);
            }

            for (int i = 0; i < Size; i++)
            {
                int quant = SymmetricFit.Round(values[i], (float)d * scales[i / ScaleSize], Zero) + Zero;
                bytes[32 + (i / 128 * 32) + (i % 32)] |= (byte)((quant & 3) << (i % 128 / 32 * 2));
                bytes[i % 32] |= (byte)((quant >> 2) << (i / 32));
            }
        }
    }

    private static int Scale(ReadOnlySpan<byte> scales, int index) =>
        ((scales[index % 8] >> (index / 8 * 4)) & 15) | (((scales[8 + (index % 4)] >> (index / 4 * 2)) & 3) << 4);

    private static void WriteScale(Span<byte> scales, int index, int scale)
    {
        scales[index % 8] |= (byte)((scale & 15) << (index / 8 * 4));
        scales[8 + (index % 4)] |= (byte)((scale >> 4) << (index / 4 * 2));
    }
}
