namespace VkInfer.Recipes;

/// <summary>The weights of a layer's feed-forward part. Immutable.</summary>
internal abstract class FeedForwardBlock
{
    /// <summary>Makes the block of a recipe.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="recipe">What the feed-forward layer is.</param>
    /// <param name="prefix">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="parts">Takes down the block's parts.</param>
    public static FeedForwardBlock Of(ModelConfig config, FeedForwardRecipe recipe, string prefix, PartList parts) => recipe switch
    {
        DenseRecipe dense => new DenseBlock(config, dense, prefix, parts),
        MixtureRecipe mixture => new MixtureBlock(config, mixture, prefix, parts),
        _ => throw new NotSupportedException($"{prefix}: no block for {recipe}"),
    };
}

/// <summary>The weights of one feed-forward layer for all tokens.</summary>
internal sealed class DenseBlock : FeedForwardBlock
{
    public DenseBlock(ModelConfig config, DenseRecipe recipe, string prefix, PartList parts)
    {
        IsGated = recipe.IsGated;
        Width = recipe.WidthIn(config);
        string end = recipe.Suffix;
        (int hidden, int rows) = (config.HiddenSize, IsGated ? 2 * Width : Width);
        TensorRows[] inOne = [new(prefix + "ffn_up" + end, rows)];
        Up = parts.Add(IsGated
            ? new LinearPart(
                prefix + "ffn_gate_up" + end, rows, hidden, inOne, [new(prefix + "ffn_gate" + end, Width), new(prefix + "ffn_up" + end, Width)])
            : new LinearPart(prefix + "ffn_up" + end, rows, hidden, inOne));
        Down = parts.Add(new LinearPart(prefix + "ffn_down" + end, hidden, Width));
    }

    /// <summary>Whether there is a gate.</summary>
    public bool IsGated { get; }

    /// <summary>Elements between the two layers.</summary>
    public int Width { get; }

    /// <summary>Rows gate, then up, or up alone: [2 · Width or Width, HiddenSize].</summary>
    public LinearPart Up { get; }

    /// <summary>[HiddenSize, Width].</summary>
    public LinearPart Down { get; }
}

/// <summary>The weights of a mixture of experts.</summary>
internal sealed class MixtureBlock : FeedForwardBlock
{
    public MixtureBlock(ModelConfig config, MixtureRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        (int hidden, int width, int experts) = (config.HiddenSize, config.IntermediateSize, config.NumExperts);
        Router = parts.Add(new LinearPart(prefix + "ffn_gate_inp", experts, hidden) { IsMultiplied = false, IsRouter = true });
        TensorRows[] ups = [new(prefix + "ffn_up_exps", experts * width)];
        IEnumerable<TensorRows> eachUp = Each(prefix + "ffn_up", experts, width);
        Up = parts.Add(recipe.IsGated
            ? new LinearPart(
                prefix + "ffn_gate_up_exps", 2 * experts * width, hidden,
                [new(prefix + "ffn_gate_exps", experts * width), .. ups], [.. Each(prefix + "ffn_gate", experts, width), .. eachUp])
            {
                Experts = experts,
            }
            : new LinearPart(prefix + "ffn_up_exps", experts * width, hidden, ups, [.. eachUp]) { Experts = experts });
        Down = parts.Add(new LinearPart(
            prefix + "ffn_down_exps", experts * hidden, width,
            [new(prefix + "ffn_down_exps", experts * hidden)],
            [.. Each(prefix + "ffn_down", experts, hidden)])
        {
            Experts = experts,
        });
        ChoiceBias = recipe.HasChoiceBias ? Vector("exp_probs_b", "exp_probs_b.bias", experts) : null;
        RouterBias = recipe.HasBiases ? Vector("ffn_gate_inp.bias", "ffn_gate_inp.bias", experts) : null;
        (string, int)[] biases = [(prefix + "ffn_gate_exps.bias", experts * width), (prefix + "ffn_up_exps.bias", experts * width)];
        UpBias = recipe.HasBiases
            ? parts.Add(new VectorPart(prefix + "ffn_gate_up_exps.bias", recipe.IsGated ? biases : biases[1..]))
            : null;
        DownBias = recipe.HasBiases ? Vector("ffn_down_exps.bias", "ffn_down_exps.bias", experts * hidden) : null;
        Scales = recipe.HasExpertScales ? Vector("ffn_down_exps.scale", "ffn_down_exps.scale", experts) : null;
        Norms = recipe.HasOwnNorms ? new MixtureNorms(hidden, prefix, parts) : null;
        Shared = recipe.Shared is { } shared ? new DenseBlock(config, shared, prefix, parts) : null;
        SharedGate = recipe.HasSharedGate
            ? parts.Add(new LinearPart(prefix + "ffn_gate_inp_shexp", 1, hidden) { IsMultiplied = false, IsRouter = true })
            : null;

        VectorPart Vector(string name, string tensor, int length) => parts.Add(new VectorPart(prefix + name, (prefix + tensor, length)));
    }

    /// <summary>What the mixture is.</summary>
    public MixtureRecipe Recipe { get; }

    /// <summary>Added to scores for the choice [NumExperts]; null: there is none.</summary>
    public VectorPart? ChoiceBias { get; }

    /// <summary>The router's [NumExperts]; null: there is none.</summary>
    public VectorPart? RouterBias { get; }

    /// <summary>One for each row of <see cref="Up"/>; null: there is none.</summary>
    public VectorPart? UpBias { get; }

    /// <summary>One for each row of <see cref="Down"/>; null: there is none.</summary>
    public VectorPart? DownBias { get; }

    /// <summary>Factors of the experts' weights [NumExperts]; null: there are none.</summary>
    public VectorPart? Scales { get; }

    /// <summary>Norms of its parts; null: they take the layer's normalised input.</summary>
    public MixtureNorms? Norms { get; }

    /// <summary>An expert for all tokens; null: there is none.</summary>
    public DenseBlock? Shared { get; }

    /// <summary>The gate of that expert [1, HiddenSize]; null: there is none.</summary>
    public LinearPart? SharedGate { get; }

    /// <summary>[NumExperts, HiddenSize].</summary>
    public LinearPart Router { get; }

    /// <summary>All gates, then all ups: [2 · NumExperts · IntermediateSize, HiddenSize]; or ups alone.</summary>
    public LinearPart Up { get; }

    /// <summary>[NumExperts · HiddenSize, IntermediateSize].</summary>
    public LinearPart Down { get; }

    // A tensor for each expert.
    private static IEnumerable<TensorRows> Each(string name, int experts, int rows) =>
        Enumerable.Range(0, experts).Select(expert => new TensorRows($"{name}.{expert}", rows));
}
