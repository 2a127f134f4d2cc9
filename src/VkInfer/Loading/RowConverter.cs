using System.Buffers;
using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>Turns rows of one element type into another's, by way of binary32.</summary>
internal static class RowConverter
{
    /// <summary>Whether a type can be written.</summary>
    public static bool CanWrite(GgufTensorType type) =>
        type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 or GgufTensorType.Q8_0 or GgufTensorType.Q4_0;

    /// <summary>Converts one row.</summary>
    /// <param name="from">Type of the source, which <see cref="Dequantizer"/> knows.</param>
    /// <param name="source">The row as the file stores it.</param>
    /// <param name="to">Type of the target; see <see cref="CanWrite"/>.</param>
    /// <param name="target">Receives the row; as many bytes as the type needs.</param>
    /// <param name="columns">Elements; a whole number of blocks of both types.</param>
    public static void Convert(GgufTensorType from, ReadOnlySpan<byte> source, GgufTensorType to, Span<byte> target, int columns)
    {
        if (from == to)
        {
            source.CopyTo(target);
            return;
        }

        float[] rented = ArrayPool<float>.Shared.Rent(columns);
        Span<float> values = rented.AsSpan(0, columns);
        Dequantizer.ToFloat32(from, source, values);
        switch (to)
        {
            case GgufTensorType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(target);
                break;
            case GgufTensorType.F16:
                WriteHalves(values, MemoryMarshal.Cast<byte, ushort>(target), value => BitConverter.HalfToUInt16Bits((Half)value));
                break;
            case GgufTensorType.BF16:
                WriteHalves(values, MemoryMarshal.Cast<byte, ushort>(target), ToBFloat16);
                break;
            default:
                Quantizer.FromFloat32(to, values, target);
                break;
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private static void WriteHalves(ReadOnlySpan<float> values, Span<ushort> target, Func<float, ushort> convert)
    {
        for (int i = 0; i < values.Length; i++)
        {
            target[i] = convert(values[i]);
        }
    }

    // To nearest, ties to even; what is no number stays so.
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
