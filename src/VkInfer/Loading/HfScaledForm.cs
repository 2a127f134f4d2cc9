using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// A matrix whose rows have factors: in the type in which it is stored, rounded to the nearest, as llama.cpp's converter does.
/// </summary>
/// <param name="stored">As it is stored: F32, F16 or BF16.</param>
/// <param name="factor">The factor of a row.</param>
internal sealed class HfScaledForm(GgufTensor stored, Func<long, float> factor) : HfTensorForm(stored)
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        byte[] data = file.GetTensorData(Changed, 0, checked((int)Changed.ByteSize));
        int rowBytes = checked((int)Changed.RowBytes);
        float[] values = new float[Changed.Columns];
        for (long row = 0; row < Changed.Rows; row++)
        {
            Span<byte> bytes = data.AsSpan(checked((int)(row * rowBytes)), rowBytes);
            Dequantizer.ToFloat32(Changed.Type, bytes, values);
            float own = factor(row);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= own;
            }

            Write(values, bytes);
        }

        return data;
    }

    private void Write(float[] values, Span<byte> bytes)
    {
        switch (Changed.Type)
        {
            case GgufTensorType.F32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(bytes));
                break;
            case GgufTensorType.F16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    halves[i] = (Half)values[i];
                }

                break;
            case GgufTensorType.BF16:
                Span<ushort> upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    // To nearest, ties to even.
                    uint bits = BitConverter.SingleToUInt32Bits(values[i]);
                    upper[i] = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                }

                break;
            default:
                throw new UnsupportedModelException($"tensor {Changed.Name} has type {Changed.Type}; expected F32, F16 or BF16 of rows with factors.");
        }
    }
}
