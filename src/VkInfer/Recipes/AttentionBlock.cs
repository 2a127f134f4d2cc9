namespace VkInfer.Recipes;

/// <summary>The weights of a layer's mixer. Immutable.</summary>
internal abstract class MixerBlock
{
    /// <summary>What takes the layer's normalised input first.</summary>
    public abstract LinearPart Input { get; }

    /// <summary>What is added to the residual stream.</summary>
    public abstract LinearPart Output { get; }

    /// <summary>Makes the block of a recipe.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="recipe">What the mixer is.</param>
    /// <param name="prefix">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="parts">Takes down the block's parts.</param>
    public static MixerBlock Of(ModelConfig config, MixerRecipe recipe, string prefix, PartList parts) => recipe switch
    {
        AttentionRecipe attention => new AttentionBlock(config, attention, prefix, parts),
        _ => throw new NotSupportedException($"{prefix}: no block for {recipe}"),
    };
}

/// <summary>The weights of attention.</summary>
internal sealed class AttentionBlock : MixerBlock
{
    public AttentionBlock(ModelConfig config, AttentionRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        (int query, int kv) = (config.QuerySize, config.KvSize);
        Qkv = parts.Add(new LinearPart(
            prefix + "attn_qkv", query + (2 * kv), config.HiddenSize,
            [new(prefix + "attn_qkv", query + (2 * kv))],
            [new(prefix + "attn_q", query), new(prefix + "attn_k", kv), new(prefix + "attn_v", kv)]));
        bool isWhole = recipe.HeadNorm == HeadNormKind.Projection;
        HeadNorm = recipe.HeadNorm == HeadNormKind.None ? null : parts.Add(new VectorPart(
            prefix + "attn_qk_norm", (prefix + "attn_q_norm.weight", isWhole ? query : config.HeadDim),
            (prefix + "attn_k_norm.weight", isWhole ? kv : config.HeadDim)));
        Sinks = recipe.HasSinks ? parts.Add(new VectorPart(prefix + "attn_sinks", (prefix + "attn_sinks.weight", config.NumHeads))) : null;
        Output = parts.Add(new LinearPart(prefix + "attn_output", config.HiddenSize, query));
    }

    /// <summary>What the attention is.</summary>
    public AttentionRecipe Recipe { get; }

    /// <summary>Rows Q, then K, then V: [QkvSize, HiddenSize].</summary>
    public LinearPart Qkv { get; }

    /// <summary>Gains of queries, then of keys; null: they are not normalised.</summary>
    public VectorPart? HeadNorm { get; }

    /// <summary>A score more of each head; null: there are none.</summary>
    public VectorPart? Sinks { get; }

    /// <inheritdoc/>
    public override LinearPart Input => Qkv;

    /// <summary>Output projection [HiddenSize, QuerySize].</summary>
    public override LinearPart Output { get; }
}
