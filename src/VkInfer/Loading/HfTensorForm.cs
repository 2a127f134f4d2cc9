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
            return new HfTransposedForm(tensor);
        }

        return family.FormOf(tensor) ?? (family.HfNormOffset != 0 && family.IsOffset(tensor.Name)
            ? new HfValuesForm(tensor, value => value + family.HfNormOffset)
            : null);
    }

    /// <summary>The bytes of the changed tensor.</summary>
    /// <param name="file">Where what it is made of is stored.</param>
    public abstract byte[] Read(IWeightSource file);
}
