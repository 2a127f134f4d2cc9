using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>A tensor of floats whose rows and columns change places, or to which something is added.</summary>
/// <param name="stored">As it is stored.</param>
/// <param name="changed">As GGUF has it.</param>
/// <param name="offset">What is added to a gain; 0: it is a matrix whose rows and columns change places.</param>
internal sealed class HfFloatForm(GgufTensor stored, GgufTensor changed, float offset) : HfTensorForm(changed)
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        byte[] data = file.GetTensorData(stored, 0, checked((int)stored.ByteSize));
        return offset == 0 ? Transpose(data) : Add(data);
    }

    private byte[] Transpose(ReadOnlySpan<byte> source)
    {
        (int rows, int columns) = ((int)Changed.Rows, (int)Changed.Columns);
        int size = source.Length / (rows * columns);
        byte[] data = new byte[source.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                source.Slice(((column * rows) + row) * size, size).CopyTo(data.AsSpan(((row * columns) + column) * size));
            }
        }

        return data;
    }

    private byte[] Add(ReadOnlySpan<byte> source)
    {
        float[] values = new float[stored.ElementCount];
        Dequantizer.ToFloat32(stored.Type, source, values);
        foreach (ref float value in values.AsSpan())
        {
            value += offset;
        }

        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
