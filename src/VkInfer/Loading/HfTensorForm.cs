using System.Runtime.InteropServices;
using VkInfer.Families;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>A tensor that Hugging Face stores in another form than GGUF.</summary>
/// <param name="Stored">As it is stored.</param>
/// <param name="Changed">As GGUF has it.</param>
/// <param name="Offset">What is added to a gain; 0: it is a matrix whose rows and columns change places.</param>
internal sealed record HfTensorForm(GgufTensor Stored, GgufTensor Changed, float Offset)
{
    /// <summary>How a tensor changes; null: not at all.</summary>
    /// <param name="family">Whose tensor.</param>
    /// <param name="tensor">The tensor under GGUF's name.</param>
    public static HfTensorForm? Of(ModelFamily family, GgufTensor tensor)
    {
        if (tensor.Dimensions.Length == 2 && family.IsTransposed(tensor.Name))
        {
            return new HfTensorForm(tensor, tensor with { Dimensions = [.. tensor.Dimensions.Reverse()] }, 0);
        }

        // As float32, since 1 and a small number do not both fit into a short one.
        return family.HfNormOffset != 0 && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal)
            ? new HfTensorForm(
                tensor, tensor with { Type = GgufTensorType.F32, ByteSize = tensor.ElementCount * sizeof(float) }, family.HfNormOffset)
            : null;
    }

    /// <summary>The bytes of the changed tensor.</summary>
    public byte[] Change(ReadOnlySpan<byte> stored) => Offset == 0 ? Transpose(stored) : Add(stored);

    private byte[] Transpose(ReadOnlySpan<byte> stored)
    {
        (int rows, int columns) = ((int)Changed.Rows, (int)Changed.Columns);
        int size = stored.Length / (rows * columns);
        byte[] data = new byte[stored.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                stored.Slice(((column * rows) + row) * size, size).CopyTo(data.AsSpan(((row * columns) + column) * size));
            }
        }

        return data;
    }

    private byte[] Add(ReadOnlySpan<byte> stored)
    {
        float[] values = new float[Stored.ElementCount];
        Dequantizer.ToFloat32(Stored.Type, stored, values);
        foreach (ref float value in values.AsSpan())
        {
            value += Offset;
        }

        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
