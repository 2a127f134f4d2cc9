namespace VkInfer.Recipes;

/// <summary>The weights of latent attention.</summary>
internal sealed class LatentBlock : MixerBlock
{
    public LatentBlock(ModelConfig config, LatentRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        (int heads, int rank) = (recipe.Shape.NumHeads, recipe.Shape.Rank);
        string first = recipe.QueryRank is null ? "attn_q" : "attn_q_a";
        Input = parts.Add(new LinearPart(
            prefix + "attn_q_kv_a", recipe.InputSize(config), config.HiddenSize,
            [[new(prefix + first, recipe.LatentAt), new(prefix + "attn_kv_a_mqa", recipe.Shape.KeyDim)]]));
        if (recipe.QueryRank is { } width)
        {
            QueryNorm = parts.Add(new NormPart(prefix + "attn_q_a_norm", width, NormKind.RmsNorm));
            Query = parts.Add(new LinearPart(prefix + "attn_q_b", recipe.QueriesSize, width));
        }

        LatentNorm = parts.Add(new VectorPart(prefix + "attn_kv_a_norm", (prefix + "attn_kv_a_norm.weight", rank)));
        Key = parts.Add(OfHeads("attn_k_b", rank, recipe.Shape.NopeDim));
        Value = parts.Add(OfHeads("attn_v_b", recipe.ValueDim, rank));
        Output = parts.Add(new LinearPart(prefix + "attn_output", config.HiddenSize, recipe.OutputSize(config)));

        LinearPart OfHeads(string name, int rows, int columns) =>
            new(prefix + name, heads * rows, columns) { Experts = heads, IsMultiplied = false };
    }

    /// <summary>What the attention is.</summary>
    public LatentRecipe Recipe { get; }

    /// <summary>Rows of queries or their latent, then of the latent and the key's rotated part: [InputSize, HiddenSize].</summary>
    public override LinearPart Input { get; }

    /// <summary>The norm of the latent of queries; null: there is none.</summary>
    public NormPart? QueryNorm { get; }

    /// <summary>Queries of their latent [QueriesSize, QueryRank]; null: they are projected at once.</summary>
    public LinearPart? Query { get; }

    /// <summary>The gain of the latent's norm [Rank].</summary>
    public VectorPart LatentNorm { get; }

    /// <summary>Of each head the projection of keys, transposed: [heads · Rank, NopeDim].</summary>
    public LinearPart Key { get; }

    /// <summary>Of each head that of values: [heads · ValueDim, Rank].</summary>
    public LinearPart Value { get; }

    /// <inheritdoc/>
    public override LinearPart Output { get; }
}
