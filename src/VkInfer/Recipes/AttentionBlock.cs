namespace VkInfer.Recipes;

/// <summary>The weights of attention.</summary>
internal sealed class AttentionBlock : MixerBlock
{
    public AttentionBlock(ModelConfig config, AttentionRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        HeadShape heads = recipe.HeadsIn(config);
        (int query, int kv) = (heads.QuerySize, heads.KvSize);
        int rows = recipe.InputSize(config);
        bool hasKeys = recipe.KvLayer is null;
        string values = recipe.HasKeysAsValues ? "attn_k" : "attn_v";
        Qkv = parts.Add(hasKeys
            ? new LinearPart(
                prefix + "attn_qkv", rows, config.HiddenSize,
                [new(prefix + "attn_qkv", rows)],
                [new(prefix + "attn_q", rows - (2 * kv)), new(prefix + "attn_k", kv), new(prefix + values, kv)])
            : new LinearPart(prefix + "attn_q", rows, config.HiddenSize));
        bool isWhole = recipe.HeadNorm == HeadNormKind.Projection;
        (string Tensor, int Length)[] gains =
            [(prefix + "attn_q_norm.weight", isWhole ? query : heads.Dim), (prefix + "attn_k_norm.weight", isWhole ? kv : heads.Dim)];
        HeadNorm = recipe.HeadNorm == HeadNormKind.None ? null
            : parts.Add(new VectorPart(prefix + "attn_qk_norm", hasKeys ? gains : gains[..1]));
        Sinks = recipe.HasSinks ? parts.Add(new VectorPart(prefix + "attn_sinks", (prefix + "attn_sinks.weight", heads.Count))) : null;
        Output = parts.Add(new LinearPart(prefix + "attn_output", config.HiddenSize, query));
    }

    /// <summary>What the attention is.</summary>
    public AttentionRecipe Recipe { get; }

    /// <summary>
    /// Rows Q, each head with its gate where there are gates, then K, then V: [InputSize, HiddenSize]. Where keys are values, K is there
    /// twice; where both are another layer's, neither is.
    /// </summary>
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
