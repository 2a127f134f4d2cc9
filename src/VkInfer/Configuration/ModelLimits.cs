using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Configuration;

/// <summary>
/// What a kind of file calls the sizes of a model, for messages; OtherHeads ends the keys of layers whose heads are not the model's.
/// </summary>
internal sealed record ShapeKeys(
    string HiddenSize, string Heads, string KvHeads, string HeadDim, string RotaryDim, string Experts = "experts",
    string ExpertsPerToken = "experts per token", string OtherHeads = "", string Latents = "")
{
    /// <summary>Most Hugging Face configurations.</summary>
    public static ShapeKeys HuggingFace { get; } = new(
        "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "partial_rotary_factor", "num_local_experts",
        "num_experts_per_tok", Latents: "kv_lora_rank, qk_nope_head_dim, qk_rope_head_dim");

    /// <summary>GGUF.</summary>
    public static ShapeKeys Gguf(GgufKeys keys) => new(
        keys.Key("embedding_length"), keys.Key("attention.head_count"), keys.Key("attention.head_count_kv"),
        keys.Key("attention.key_length"),
        keys.Key("rope.dimension_count"), keys.Key("expert_count"), keys.Key("expert_used_count"), "_swa",
        $"{keys.Key("attention.kv_lora_rank")}, {keys.Key("attention.key_length_mla")}, {keys.Key("rope.dimension_count")}");
}

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
    /// <param name="keys">What the fields are called there.</param>
    /// <exception cref="UnsupportedModelException">They contradict each other, or no kernel takes such heads.</exception>
    public static void Validate(this ModelConfig config, string path, ShapeKeys keys)
    {
        foreach (AttentionRecipe attention in config.Attention.DistinctBy(attention => attention.Heads))
        {
            (int heads, int kvHeads, int headDim, int rotary) = attention.HeadsIn(config);
            string end = headDim == config.HeadDim && rotary == config.RotaryDim ? "" : keys.OtherHeads;
            Check(heads % kvHeads == 0, $"{kvHeads} key/value heads do not divide {heads} query heads ({keys.KvHeads}, {keys.Heads})");
            Check(
                headDim is >= 8 and <= AttentionShape.MaxHeadDim && headDim % 8 == 0,
                $"head dimension {headDim}; expected a multiple of 8 from 8 to {AttentionShape.MaxHeadDim} ({keys.HeadDim}{end}, or {keys.HiddenSize} by {keys.Heads})");
            Check(
                rotary % 2 == 0 && rotary <= headDim,
                $"rotary dimension {rotary}; expected an even number up to the head dimension {headDim} ({keys.RotaryDim}{end}, {keys.HeadDim}{end})");
        }

        if (config.Latent is { Shape: var latent })
        {
            Check(
                latent.KeyDim % 8 == 0 && latent.KeyDim <= AttentionShape.MaxHeadDim && latent.Rank % 4 == 0 && latent.NopeDim % 4 == 0
                && latent.RopeDim % 4 == 0,
                $"latent attention of {latent.Rank} + {latent.RopeDim} elements and heads of {latent.NopeDim} + {latent.RopeDim}; expected "
                + $"multiples of 4, the first two together of 8, at most {AttentionShape.MaxHeadDim} ({keys.Latents})");
        }

        Check(
            config.NumExpertsPerToken <= config.NumExperts,
            $"{config.NumExpertsPerToken} of {config.NumExperts} experts for each token ({keys.ExpertsPerToken}, {keys.Experts})");
        Check(config.NumExperts == 0 || config.NumExpertsPerToken > 0, $"experts of which no token goes to any ({keys.Experts})");

        void Check(bool holds, string what)
        {
            if (!holds)
            {
                throw new UnsupportedModelException($"{path}: {what}.");
            }
        }
    }
}
