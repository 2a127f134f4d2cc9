using VkInfer.Kernels;

namespace VkInfer.Recipes;

/// <summary>The weights of the gated delta rule, with what stands before it and behind it.</summary>
internal sealed class GatedDeltaBlock : MixerBlock
{
    public GatedDeltaBlock(ModelConfig config, GatedDeltaRecipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        GatedDeltaShape shape = recipe.Shape;
        TensorRows[] rates = shape.InterleavesRates
            ? [new(prefix + "ssm_ba", shape.RateWidth)]
            : [new(prefix + "ssm_beta", shape.ValueHeads), new(prefix + "ssm_alpha", shape.ValueHeads)];
        Input = parts.Add(new LinearPart(
            prefix + "ssm_input", recipe.InputSize(config), config.HiddenSize,
            [new(prefix + "attn_qkv", shape.InputWidth), new(prefix + "attn_gate", shape.ValueWidth), .. rates]));
        ShortConvShape convolution = recipe.Convolution;
        Convolution = parts.Add(new VectorPart(
            prefix + "ssm_conv1d", (prefix + "ssm_conv1d.weight", convolution.Channels * convolution.Taps))
        {
            Rows = convolution.Channels,
        });
        Decay = parts.Add(new VectorPart(prefix + "ssm_a", (prefix + "ssm_a", shape.ValueHeads)) { Usual = -1 });
        Shift = parts.Add(new VectorPart(prefix + "ssm_dt", (prefix + "ssm_dt.bias", shape.ValueHeads)));
        Norm = parts.Add(new VectorPart(prefix + "ssm_norm", (prefix + "ssm_norm.weight", shape.ValueDim)));
        Output = parts.Add(new LinearPart(prefix + "ssm_out", config.HiddenSize, shape.ValueWidth));
    }

    /// <summary>What the mixer is.</summary>
    public GatedDeltaRecipe Recipe { get; }

    /// <summary>Rows of queries, keys, values, gates and rates: [InputSize, HiddenSize].</summary>
    public override LinearPart Input { get; }

    /// <summary>The convolution's [Channels][Taps].</summary>
    public VectorPart Convolution { get; }

    /// <summary>How fast each value head forgets [ValueHeads]: −exp(A).</summary>
    public VectorPart Decay { get; }

    /// <summary>Added to the rate of that [ValueHeads].</summary>
    public VectorPart Shift { get; }

    /// <summary>The gain of the norm of each value head [ValueDim].</summary>
    public VectorPart Norm { get; }

    /// <inheritdoc/>
    public override LinearPart Output { get; }
}
