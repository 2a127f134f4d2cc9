using System.Runtime.InteropServices;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>
/// A small tensor of which GGUF holds a function of each element, as float32, since what is stored short may not hold the result.
/// </summary>
/// <param name="stored">As it is stored.</param>
/// <param name="change">The function.</param>
internal sealed class HfValuesForm(GgufTensor stored, Func<float, float> change)
    : HfTensorForm(stored with { Type = GgufTensorType.F32, ByteSize = stored.ElementCount * sizeof(float) })
{
    /// <inheritdoc/>
    public override byte[] Read(IWeightSource file)
    {
        float[] values = new float[stored.ElementCount];
        Dequantizer.ToFloat32(stored.Type, file.GetTensorData(stored, 0, checked((int)stored.ByteSize)), values);
        return MemoryMarshal.AsBytes(Array.ConvertAll(values, value => change(value)).AsSpan()).ToArray();
    }
}
