using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// The scales that NVFP4 tensors have beside those of their blocks: in another tensor, <c>….scale</c> beside <c>….weight</c>, one for the
/// whole or one for each expert. Immutable.
/// </summary>
/// <param name="Values">The scales.</param>
/// <param name="RowsPerScale">Rows of the weights that share one.</param>
internal sealed record TensorScales(IReadOnlyList<float> Values, long RowsPerScale)
{
    private const string Weight = ".weight";

    /// <summary>The tensor that may have the scales of this one; null where its format has none.</summary>
    public static string? NameFor(GgufTensor tensor) => Beside(tensor, ".scale");

    /// <summary>What the file may say of activations in the same format, which are not quantised here.</summary>
    public static string? InputNameFor(GgufTensor tensor) => Beside(tensor, ".input_scale");

    /// <summary>The scales of a tensor; 1 where it has none.</summary>
    /// <param name="file">The weights.</param>
    /// <param name="tensor">A tensor of them.</param>
    /// <exception cref="UnsupportedModelException">A scale is no finite number.</exception>
    public static TensorScales Read(IWeightSource file, GgufTensor tensor)
    {
        if (NameFor(tensor) is not { } name || !file.TryGetTensor(name, out GgufTensor? scales))
        {
            return new TensorScales([1], tensor.Rows);
        }

        float[] values = MemoryMarshal.Cast<byte, float>(file.GetTensorData(scales, 0, checked((int)scales.ByteSize))).ToArray();
        int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
        return wrong < 0
            ? new TensorScales(values, tensor.Rows / values.Length)
            : throw new UnsupportedModelException(
                $"{file.Path}: element {wrong} of tensor {name} is {values[wrong]}; expected a finite scale.");
    }

    private static string? Beside(GgufTensor tensor, string suffix) =>
        tensor.Type == GgufTensorType.NVFP4 && tensor.Name.EndsWith(Weight, StringComparison.Ordinal)
            ? tensor.Name[..^Weight.Length] + suffix
            : null;
}
