using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>What a transformer that can run here looks like, whichever file describes it.</summary>
internal static class ModelLimits
{
    public const int MaxLayers = 1024;
    public const int MaxWidth = 1 << 20;
    public const int MaxHeads = 4096;
    public const int MaxExperts = 1024;
    public const int MaxVocabSize = SampleKernel.MaxVocabSize;
    public const int MaxContextLength = 1 << 24;

    /// <summary>Checks what fields of a configuration say about each other.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="path">The file it is from.</param>
    /// <exception cref="UnsupportedModelException">They contradict each other, or no kernel takes such heads.</exception>
    public static void Validate(this ModelConfig config, string path)
    {
        (int heads, int kvHeads, int headDim, int rotary) = (config.NumHeads, config.NumKvHeads, config.HeadDim, config.RotaryDim);
        Check(heads % kvHeads == 0, $"{kvHeads} key/value heads do not divide {heads} query heads");
        Check(headDim is >= 8 and <= 512 && headDim % 8 == 0, $"head dimension {headDim}; expected a multiple of 8 from 8 to 512");
        Check(rotary % 2 == 0 && rotary <= headDim, $"rotary dimension {rotary}; expected an even number up to the head dimension {headDim}");

        Check(config.NumExpertsPerToken <= config.NumExperts, $"{config.NumExpertsPerToken} of {config.NumExperts} experts");
        Check(config.NumExperts == 0 || (config.NumExpertsPerToken > 0 && config.IsGated), "experts without a gate, or of which no token goes to any");

        void Check(bool holds, string what)
        {
            if (!holds)
            {
                throw new UnsupportedModelException($"{path}: {what}.");
            }
        }
    }
}
