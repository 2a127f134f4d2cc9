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
        LatentRecipe latent => new LatentBlock(config, latent, prefix, parts),
        GatedDeltaRecipe delta => new GatedDeltaBlock(config, delta, prefix, parts),
        Mamba2Recipe mamba => new Mamba2Block(config, mamba, prefix, parts),
        ShortConvRecipe convolution => new ShortConvBlock(config, convolution, prefix, parts),
        _ => throw new NotSupportedException($"{prefix}: no block for {recipe}"),
    };
}
