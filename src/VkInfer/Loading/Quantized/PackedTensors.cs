using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>The tensors of one matrix of small integers, and how they are laid out. Immutable.</summary>
/// <param name="Outputs">Rows of the matrix.</param>
/// <param name="Inputs">Columns.</param>
/// <param name="Groups">Groups of inputs, which have a scale and a zero for each output.</param>
/// <param name="Quants">The integers, 32-bit words.</param>
/// <param name="Packing">How they stand there.</param>
/// <param name="Scales">The scales: F16, BF16 or F32.</param>
/// <param name="ScalesByOutput">Whether they are [outputs, groups]; else [groups, outputs].</param>
/// <param name="Zeros">The zeros, words as well; null: all in the middle of the range.</param>
/// <param name="ZeroPacking">How they stand there, groups in the inputs' place.</param>
/// <param name="ZeroOffset">What is added to a stored zero, within its bits.</param>
/// <param name="GroupIndices">The group of each input, 32-bit; null: neighbours.</param>
internal sealed record PackedTensors(
    int Outputs, int Inputs, int Groups, GgufTensor Quants, Packing Packing, GgufTensor Scales, bool ScalesByOutput, GgufTensor? Zeros,
    Packing? ZeroPacking, int ZeroOffset, GgufTensor? GroupIndices)
{
    /// <summary>The group of each input.</summary>
    /// <exception cref="UnsupportedModelException">An index is of no group.</exception>
    public int[] ReadGroups(IWeightSource file)
    {
        if (GroupIndices is null)
        {
            int size = (Inputs + Groups - 1) / Groups;
            return [.. Enumerable.Range(0, Inputs).Select(input => input / size)];
        }

        int[] groups = MemoryMarshal.Cast<byte, int>(All(file, GroupIndices)).ToArray();
        int wrong = Array.FindIndex(groups, group => group < 0 || group >= Groups);
        return wrong < 0 ? groups : throw new UnsupportedModelException(
            $"{file.Path}: element {wrong} of tensor {GroupIndices.Name} is {groups[wrong]}; expected a group from 0 to {Groups - 1}.");
    }

    /// <summary>[outputs, groups].</summary>
    public float[] ReadScales(IWeightSource file)
    {
        float[] stored = new float[Outputs * Groups];
        Dequantizer.ToFloat32(Scales.Type, All(file, Scales), stored);
        return ScalesByOutput ? stored : Transpose(stored);
    }

    /// <summary>Whether a half holds every scale exactly, as blocks need it.</summary>
    public bool HasHalfScales(IWeightSource file) => ReadScales(file).All(scale => float.IsFinite(scale) && (float)(Half)scale == scale);

    /// <summary>[outputs, groups].</summary>
    public int[] ReadZeros(IWeightSource file)
    {
        int[] zeros = new int[Outputs * Groups];
        if (Zeros is null)
        {
            Array.Fill(zeros, 1 << (Packing.Bits - 1));
            return zeros;
        }

        byte[] words = All(file, Zeros);
        for (int i = 0; i < zeros.Length; i++)
        {
            zeros[i] = (ZeroPacking!.Read(words, i / Groups, i % Groups) + ZeroOffset) & ((1 << Packing.Bits) - 1);
        }

        return zeros;
    }

    private float[] Transpose(float[] stored) =>
        [.. Enumerable.Range(0, stored.Length).Select(i => stored[(i % Groups * Outputs) + (i / Groups)])];

    private static byte[] All(IWeightSource file, GgufTensor tensor) => file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize));
}
