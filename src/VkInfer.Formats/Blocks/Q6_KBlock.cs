using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 210 bytes: 128 bytes of low halves, 64 bytes of upper bits, a signed byte s for each 16 elements, then d as binary16;
/// x = d · s · (q - 32). Each 128 elements have 64 bytes of low halves, byte e with element e in its low and e + 64 in its high half,
/// and 32 bytes of upper bits as in <see cref="Q2_KBlock"/>.
/// </summary>
internal static class Q6_KBlock
{
    public const int Size = 256;
    public const int Bytes = 210;

    private const int ScaleSize = 16;
    private const int Zero = 32;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            ReadOnlySpan<byte> low = bytes[..128];
            ReadOnlySpan<byte> high = bytes.Slice(128, 64);
            ReadOnlySpan<byte> scales = bytes.Slice(192, 16);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[208..]);
            for (int i = 0; i < Size; i++)
            {
                int quant = ((low[(i / 128 * 64) + (i % 64)] >> (i % 128 / 64 * 4)) & 15)
                    | (((high[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3) << 4);
                values[i] = d * (sbyte)scales[i / ScaleSize] * (quant - Zero);
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<float> fits = stackalloc float[Size / ScaleSize];
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            SymmetricFit.OfParts(values, Zero, fits);
            bytes.Clear();
            Half d = SignedScales.Quantize(fits, 128, MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(192, fits.Length)));
            BinaryPrimitives.WriteHalfLittleEndian(bytes[208..], d);

            for (int i = 0; i < Size; i++)
            {
                float scale = (float)d * (sbyte)bytes[192 + (i / ScaleSize)];
                int quant = SymmetricFit.Round(values[i], scale, Zero) + Zero;
                bytes[(i / 128 * 64) + (i % 64)] |= (byte)((quant & 15) << (i % 128 / 64 * 4));
                bytes[128 + (i / 128 * 32) + (i % 32)] |= (byte)((quant >> 4) << (i % 128 / 32 * 2));
            }
        }
    }
}
