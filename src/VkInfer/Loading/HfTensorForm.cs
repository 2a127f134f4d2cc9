using VkInfer.Families;
using VkInfer.Formats;

namespace VkInfer.Loading;

/// <summary>A tensor that Hugging Face stores in another form than GGUF. Immutable, thread-safe.</summary>
/// <param name="changed">As GGUF has it.</param>
internal abstract class HfTensorForm(GgufTensor changed)
{
    /// <summary>As GGUF has it.</summary>
    public GgufTensor Changed { get; } = changed;

    /// <summary>How a tensor changes; null: not at all.</summary>
    /// <param name="family">Whose tensor.</param>
    /// <param name="tensor">The tensor under GGUF's name.</param>
    public static HfTensorForm? Of(ModelFamily family, GgufTensor tensor)
    {
        if (tensor.Dimensions.Length == 2 && family.IsTransposed(tensor.Name))
        {
            return new HfFloatForm(tensor, tensor with { Dimensions = [.. tensor.Dimensions.Reverse()] }, 0);
        }

        // As float32, since 1 and a small number do not both fit into a short one.
        return family.HfNormOffset != 0 && tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal)
            ? new HfFloatForm(
                tensor, tensor with { Type = GgufTensorType.F32, ByteSize = tensor.ElementCount * sizeof(float) }, family.HfNormOffset)
            : null;
    }

    /// <summary>The bytes of the changed tensor.</summary>
    /// <param name="file">Where what it is made of is stored.</param>
    public abstract byte[] Read(IWeightSource file);
}
