using System.Buffers.Binary;

namespace VkInfer.Formats.Blocks;

/// <summary>
/// The 16 bytes with which Q4_K and Q5_K begin: d and dmin as binary16, then a 6-bit scale s and minimum m for each of eight sub-blocks
/// of 32 elements. Of the 12 bytes, byte k below 4 holds scale k, byte 4 + k minimum k; their upper two bits, and the halves of bytes
/// 8 + k, hold scale and minimum 4 + k.
/// </summary>
internal static class SubBlockScales
{
    private const int Count = 8;
    private const int Size = 32;
    private const int MaxScale = 63;

    /// <summary>d · s and dmin · m of a sub-block.</summary>
    public static (float Scale, float Minimum) Read(ReadOnlySpan<byte> header, int index)
    {
        ReadOnlySpan<byte> bytes = header.Slice(4, 12);
        (int scale, int minimum) = index < 4
            ? (bytes[index] & 63, bytes[4 + index] & 63)
            : ((bytes[4 + index] & 15) | (bytes[index - 4] >> 6 << 4), (bytes[4 + index] >> 4) | (bytes[index] >> 6 << 4));
        return (
            (float)BinaryPrimitives.ReadHalfLittleEndian(header) * scale,
            (float)BinaryPrimitives.ReadHalfLittleEndian(header[2..]) * minimum);
    }

    /// <summary>Chooses scales and minima for 256 values, writes them, and rounds the values to quants with what was written.</summary>
    public static void Quantize(ReadOnlySpan<float> values, int maxQuant, Span<byte> header, Span<byte> quants)
    {
        Span<AffineFit> fits = stackalloc AffineFit[Count];
        (float maxScale, float maxMinimum) = (0f, 0f);
        for (int i = 0; i < Count; i++)
        {
            fits[i] = AffineFit.Of(values.Slice(i * Size, Size), maxQuant);
            maxScale = MathF.Max(maxScale, fits[i].Scale);
            maxMinimum = MathF.Max(maxMinimum, fits[i].Minimum);
        }

        header[..16].Clear();
        BinaryPrimitives.WriteHalfLittleEndian(header, (Half)(maxScale / MaxScale));
        BinaryPrimitives.WriteHalfLittleEndian(header[2..], (Half)(maxMinimum / MaxScale));
        for (int i = 0; i < Count; i++)
        {
            Write(header.Slice(4, 12), i, SixBits(fits[i].Scale, maxScale), SixBits(fits[i].Minimum, maxMinimum));
            (float Scale, float Minimum) stored = Read(header, i);
            new AffineFit(stored.Scale, stored.Minimum).Quantize(values.Slice(i * Size, Size), maxQuant, quants.Slice(i * Size, Size));
        }
    }

    private static int SixBits(float value, float max) => max == 0 ? 0 : (int)MathF.Round(value / max * MaxScale);

    private static void Write(Span<byte> bytes, int index, int scale, int minimum)
    {
        if (index < 4)
        {
            bytes[index] |= (byte)scale;
            bytes[4 + index] |= (byte)minimum;
        }
        else
        {
            bytes[4 + index] |= (byte)((scale & 15) | ((minimum & 15) << 4));
            bytes[index - 4] |= (byte)(scale >> 4 << 6);
            bytes[index] |= (byte)(minimum >> 4 << 6);
        }
    }
}
