namespace VkInfer.Recipes;

/// <summary>Takes down the parts of blocks while they are made.</summary>
internal sealed class PartList
{
    private readonly List<WeightPart> _parts = [];

    /// <summary>All parts, in the order in which blocks listed them.</summary>
    public IReadOnlyList<WeightPart> Parts => _parts;

    /// <summary>Takes a part down.</summary>
    /// <returns>The part.</returns>
    public T Add<T>(T part)
        where T : WeightPart
    {
        _parts.Add(part);
        return part;
    }
}

/// <summary>A layer's recipe with its parts. Immutable.</summary>
internal sealed class LayerBlocks
{
    public LayerBlocks(ModelConfig config, LayerRecipe recipe, string prefix, PartList parts)
    {
        if (recipe.FeedForward is MixtureRecipe mixture && (recipe.IsParallel || recipe.Norms != mixture.Placement))
        {
            throw new NotSupportedException($"{prefix}: no pass for a mixture of experts beside its mixer, or with norms {recipe.Norms}");
        }

        bool hasInput = config.PerLayerSize > 0;
        if (hasInput && (recipe.IsParallel || recipe.FeedForward is not (DenseRecipe or MixtureRecipe { HasOwnNorms: true })))
        {
            throw new NotSupportedException(
                $"{prefix}: no pass for an input of the layer with blocks side by side or a mixture without norms of its own");
        }

        if (recipe.HasNormsOfSums && (recipe.IsParallel || recipe.FeedForward is not DenseRecipe || hasInput))
        {
            throw new NotSupportedException($"{prefix}: no pass for norms of sums but behind a mixer and a feed-forward layer for all tokens");
        }

        if (recipe.HasOutputScale && (!recipe.HasNormsBehind || recipe.FeedForward is null))
        {
            throw new NotSupportedException($"{prefix}: no pass for a scale behind a layer without a norm behind its feed-forward layer");
        }

        if ((recipe.IsParallel && (recipe.Mixers.Count() != 1 || recipe.FeedForward is null))
            || (recipe.SecondMixer is not null && (recipe.Mixer is null || recipe.HasNormsBehind)))
        {
            throw new NotSupportedException($"{prefix}: no pass for blocks beside others that are not there, or for two mixers with one norm behind");
        }

        Recipe = recipe;
        bool mixes = recipe.Mixer is not null;
        bool feeds = recipe.FeedForward is not null;
        NormPart? Norm(bool isThere, string name) =>
            isThere ? parts.Add(new NormPart(prefix + name, config.HiddenSize, config.Norm)) : null;

        MixerNorm = Norm(mixes && recipe.HasNormsBefore && recipe.HasMixerNorm, "attn_norm");
        Mixers = [.. recipe.Mixers.Select(mixer => MixerBlock.Of(config, mixer, prefix, parts))];
        MixerPostNorm = Norm(mixes && recipe.HasNormsBehind, "post_attention_norm");
        MixerSumNorm = Norm(mixes && recipe.HasNormsOfSums, "attn_output_norm");
        FeedForwardNorm = recipe.IsParallel ? MixerNorm : Norm(feeds && recipe.HasNormsBefore, recipe.FeedForwardNorm);
        FeedForward = recipe.FeedForward is { } feedForward ? FeedForwardBlock.Of(config, feedForward, prefix, parts) : null;
        FeedForwardPostNorm = Norm(feeds && recipe.HasNormsBehind, "post_ffw_norm");
        FeedForwardSumNorm = Norm(feeds && recipe.HasNormsOfSums, "layer_output_norm");
        PerLayer = hasInput ? new PerLayerBlock(config, prefix, parts) : null;
        const string Scale = "layer_output_scale";
        OutputScale = recipe.HasOutputScale ? parts.Add(new VectorPart(prefix + Scale, (prefix + Scale + ".weight", 1))) : null;
    }

    /// <summary>Which blocks there are.</summary>
    public LayerRecipe Recipe { get; }

    /// <summary>The norm of the mixer's input, or null.</summary>
    public NormPart? MixerNorm { get; }

    /// <summary>What sees other positions: none, one, or two that take the same input.</summary>
    public IReadOnlyList<MixerBlock> Mixers { get; }

    /// <summary>The norm of the mixer's output, or null.</summary>
    public NormPart? MixerPostNorm { get; }

    /// <summary>The norm of the residual stream behind the mixer, or null.</summary>
    public NormPart? MixerSumNorm { get; }

    /// <summary>The norm of the feed-forward layer's input, or null; of parallel blocks the mixer's.</summary>
    public NormPart? FeedForwardNorm { get; }

    /// <summary>What sees one position, or null.</summary>
    public FeedForwardBlock? FeedForward { get; }

    /// <summary>The norm of the feed-forward layer's output, or null.</summary>
    public NormPart? FeedForwardPostNorm { get; }

    /// <summary>The norm of the residual stream behind the feed-forward layer, or null.</summary>
    public NormPart? FeedForwardSumNorm { get; }

    /// <summary>What takes the layer's own input at its end, or null.</summary>
    public PerLayerBlock? PerLayer { get; }

    /// <summary>Factor [1] of the residual stream behind the layer, or null.</summary>
    public VectorPart? OutputScale { get; }

    /// <summary>The mixer of a kind, of which there is one.</summary>
    public T Mixer<T>()
        where T : MixerBlock => Mixers.OfType<T>().Single();
}

/// <summary>A model's recipe with its parts: the one list of what weights there are. Immutable.</summary>
internal sealed class ModelBlocks
{
    /// <param name="config">The model's sizes, and the recipes of its layers.</param>
    public ModelBlocks(ModelConfig config)
    {
        var parts = new PartList();
        Embedding = parts.Add(new LinearPart("token_embd", config.VocabSize, config.HiddenSize) { IsMultiplied = false });
        Positions = config.FirstPositionRow is null ? null : parts.Add(
            new LinearPart("position_embd", config.PositionRows, config.HiddenSize) { IsMultiplied = false, IsAdded = true });
        TokenTypes = config.TokenTypes == 0 ? null : parts.Add(
            new LinearPart("token_types", config.TokenTypes, config.HiddenSize) { IsMultiplied = false, IsAdded = true });
        EmbeddingNorm = config.HasEmbeddingNorm ? parts.Add(new NormPart("token_embd_norm", config.HiddenSize, config.Norm)) : null;
        PerLayer = config.PerLayerSize > 0 ? new PerLayerInputs(config, parts) : null;
        Layers = [.. config.Layers.Select((recipe, layer) => new LayerBlocks(config, recipe, $"blk.{layer}.", parts))];
        OutputNorm = config.OutputNorm is not { } last ? null
            : parts.Add(new NormPart(last, config.HiddenSize, config.Norm) { Factor = config.LogitScale });
        Output = parts.Add(new LinearPart("output", config.VocabSize, config.HiddenSize) { IsOptional = true });
        TiedBias = parts.Add(new VectorPart("output.bias", ("output.bias", config.VocabSize)) { IsOptional = true });
        Parts = parts.Parts;
    }

    /// <summary>[VocabSize, HiddenSize].</summary>
    public LinearPart Embedding { get; }

    /// <summary>Learned positions [PositionRows, HiddenSize]; null: none.</summary>
    public LinearPart? Positions { get; }

    /// <summary>What texts in one are told apart by [TokenTypes, HiddenSize]; the first row is added to each token. Null: none.</summary>
    public LinearPart? TokenTypes { get; }

    /// <summary>The norm of embeddings, or null.</summary>
    public NormPart? EmbeddingNorm { get; }

    /// <summary>What makes inputs of layers; null: they have none of their own.</summary>
    public PerLayerInputs? PerLayer { get; }

    /// <summary>The layers.</summary>
    public IReadOnlyList<LayerBlocks> Layers { get; }

    /// <summary>The last norm; null: layers end with theirs.</summary>
    public NormPart? OutputNorm { get; }

    /// <summary>[VocabSize, HiddenSize]; where a model has none it is the embedding.</summary>
    public LinearPart Output { get; }

    /// <summary>The bias [VocabSize] of an output projection that is the embedding, which has none; a model may lack it.</summary>
    public VectorPart TiedBias { get; }

    /// <summary>All parts.</summary>
    public IReadOnlyList<WeightPart> Parts { get; }
}
