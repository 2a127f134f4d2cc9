using System.Buffers;
using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>Turns rows of one element type into another's, by way of binary32.</summary>
internal static class RowConverter
{
    /// <summary>Whether a type can be written.</summary>
    public static bool CanWrite(GgufTensorType type) =>
        type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16 || Quantizer.IsSupported(type);

    /// <summary>Converts rows on all cores, since quantising takes longer than what it feeds, a copy to the device or to a file.</summary>
    /// <param name="from">Type of the source, which <see cref="Dequantizer"/> knows.</param>
    /// <param name="source">The rows as the file stores them.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row; a whole number of blocks of both types.</param>
    /// <param name="to">Type of the result; see <see cref="CanWrite"/>.</param>
    public static byte[] ConvertRows(GgufTensorType from, ReadOnlySpan<byte> source, int rows, int columns, GgufTensorType to)
    {
        byte[] bytes = source.ToArray();
        if (from == to)
        {
            return bytes;
        }

        int sourceRow = bytes.Length / rows;
        int targetRow = checked((int)GgufTensorTypes.RowBytes(to, columns));
        byte[] converted = new byte[checked(targetRow * rows)];
        Parallel.For(
            0, rows,
            row => Convert(from, bytes.AsSpan(row * sourceRow, sourceRow), to, converted.AsSpan(row * targetRow, targetRow), columns));
        return converted;
    }

    private static void Convert(GgufTensorType from, ReadOnlySpan<byte> source, GgufTensorType to, Span<byte> target, int columns)
    {
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
