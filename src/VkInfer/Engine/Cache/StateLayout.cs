using VkInfer.Recipes;

namespace VkInfer.Engine.Cache;

/// <summary>How the recurrent state of a sequence lies in memory: float32, a part for each recurrent layer.</summary>
/// <param name="Offsets">For each layer the first byte of its part; of one without a state nothing.</param>
/// <param name="SizeInBytes">Bytes of a state; 0: the model has none.</param>
internal sealed record StateLayout(IReadOnlyList<long> Offsets, long SizeInBytes)
{
    private const long Alignment = 256;

    /// <summary>The layout of a model's states.</summary>
    public static StateLayout Of(ModelConfig config)
    {
        var offsets = new List<long>();
        long at = 0;
        foreach (LayerRecipe layer in config.Layers)
        {
            offsets.Add(at);
            long floats = layer.Mixers.Sum(mixer => mixer.StateFloats);
            at += ((floats * sizeof(float)) + Alignment - 1) / Alignment * Alignment;
        }

        return new StateLayout(offsets, at);
    }
}
