using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// 256 elements in 84 bytes: 16 bytes with a scale s (low half) and a minimum m (high half) for each 16 elements, 64 bytes of 2-bit
/// numbers q, then d and dmin as binary16; x = d · s · q - dmin · m. Each half of the elements has 32 bytes; byte e holds its elements
/// e, e + 32, e + 64 and e + 96, from the low bits up.
/// </summary>
internal static class Q2_KBlock
{
    public const int Size = 256;
    public const int Bytes = 84;

    private const int ScaleSize = 16;
    private const int MaxScale = 15;
    private const int MaxQuant = 3;

    public static void ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int block = 0; block < destination.Length / Size; block++)
        {
            ReadOnlySpan<byte> bytes = source.Slice(block * Bytes, Bytes);
            Span<float> values = destination.Slice(block * Size, Size);
            ReadOnlySpan<byte> quants = bytes.Slice(16, 64);
            float d = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[80..]);
            float dMin = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[82..]);
            for (int i = 0; i < Size; i++)
            {
                byte scales = bytes[i / 16];
                int quant = (quants[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;
                values[i] = (d * (scales & 15) * quant) - (dMin * (scales >> 4));
            }
        }
    }

    public static void FromFloat32(ReadOnlySpan<float> source, Span<byte> destination)
    {
        Span<AffineFit> fits = stackalloc AffineFit[Size / ScaleSize];
        Span<byte> quants = stackalloc byte[Size];
        for (int block = 0; block < source.Length / Size; block++)
        {
            ReadOnlySpan<float> values = source.Slice(block * Size, Size);
            Span<byte> bytes = destination.Slice(block * Bytes, Bytes);
            (float maxScale, float maxMinimum) = (0f, 0f);
            for (int i = 0; i < fits.Length; i++)
            {
                fits[i] = AffineFit.Of(values.Slice(i * ScaleSize, ScaleSize), MaxQuant);
                maxScale = MathF.Max(maxScale, fits[i].Scale);
                maxMinimum = MathF.Max(maxMinimum, fits[i].Minimum);
            }

            (Half d, Half dMin) = ((Half)(maxScale / MaxScale), (Half)(maxMinimum / MaxScale));
            bytes.Clear();
            BinaryPrimitives.WriteHalfLittleEndian(bytes[80..], d);
            BinaryPrimitives.WriteHalfLittleEndian(bytes[82..], dMin);
            for (int i = 0; i < fits.Length; i++)
            {
                (int scale, int minimum) = (FourBits(fits[i].Scale, maxScale), FourBits(fits[i].Minimum, maxMinimum));
                bytes[i] = (byte)(scale | (minimum << 4));
                var stored = new AffineFit((float)d * scale, (float)dMin * minimum);
                stored.Quantize(values.Slice(i * ScaleSize, ScaleSize), MaxQuant, quants.Slice(i * ScaleSize, ScaleSize));
            }

            for (int i = 0; i < Size; i++)
            {
                bytes[16 + (i / 128 * 32) + (i % 32)] |= (byte)(quants[i] << (i % 128 / 32 * 2));
            }
        }
    }

    private static int FourBits(float value, float max) => max == 0 ? 0 : (int)MathF.Round(value / max * MaxScale);
}
