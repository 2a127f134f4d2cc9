namespace VkInfer.Recipes;

/// <summary>The weights of a gated short convolution.</summary>
internal sealed class ShortConvBlock : MixerBlock
{
    public ShortConvBlock(ModelConfig config, ShortConvRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        prefix += "shortconv.";
        Input = parts.Add(new LinearPart(prefix + "in_proj", recipe.InputSize(config), config.HiddenSize));
        Convolution = parts.Add(new VectorPart(prefix + "conv", (prefix + "conv.weight", recipe.Channels * recipe.Taps))
        {
            Rows = recipe.Channels,
        });
        Output = parts.Add(new LinearPart(prefix + "out_proj", config.HiddenSize, recipe.Channels));
    }

    /// <summary>What the mixer is.</summary>
    public ShortConvRecipe Recipe { get; }

    /// <summary>Rows b, then c, then x: [3 · Channels, HiddenSize].</summary>
    public override LinearPart Input { get; }

    /// <summary>[Channels][Taps].</summary>
    public VectorPart Convolution { get; }

    /// <inheritdoc/>
    public override LinearPart Output { get; }
}
