using VkInfer.Kernels;

namespace VkInfer.Recipes;

/// <summary>The weights of Mamba-2, with what stands before it and behind it.</summary>
internal sealed class Mamba2Block : MixerBlock
{
    public Mamba2Block(ModelConfig config, Mamba2Recipe recipe, string prefix, PartList parts)
    {
        Recipe = recipe;
        Mamba2Shape shape = recipe.Shape;
        ShortConvShape convolution = recipe.Convolution;
        Input = parts.Add(new LinearPart(prefix + "ssm_in", recipe.InputWidth, config.HiddenSize));
        Convolution = parts.Add(new VectorPart(
            prefix + "ssm_conv1d", (prefix + "ssm_conv1d.weight", convolution.Channels * convolution.Taps))
        {
            Rows = convolution.Channels,
        });
        ConvolutionBias = recipe.HasConvolutionBias
            ? parts.Add(new VectorPart(prefix + "ssm_conv1d.bias", (prefix + "ssm_conv1d.bias", convolution.Channels)))
            : null;
        Decay = OfHeads("ssm_a", usual: -1);
        Shift = parts.Add(new VectorPart(prefix + "ssm_dt", (prefix + "ssm_dt.bias", shape.Heads)));
        Skip = OfHeads("ssm_d");
        Norm = recipe.Gates == Mamba2Gates.WithoutNorm ? null
            : parts.Add(new VectorPart(prefix + "ssm_norm", (prefix + "ssm_norm.weight", shape.InnerWidth)) { Rows = recipe.OutputGroups });
        Output = parts.Add(new LinearPart(prefix + "ssm_out", config.HiddenSize, shape.InnerWidth));

        // Files have a row of one element for each.
        VectorPart OfHeads(string name, float usual = 1) =>
            parts.Add(new VectorPart(prefix + name, (prefix + name, shape.Heads)) { Rows = shape.Heads, Usual = usual });
    }

    /// <summary>What the mixer is.</summary>
    public Mamba2Recipe Recipe { get; }

    /// <summary>Rows of gates, x, B, C and rates: [InputWidth, HiddenSize].</summary>
    public override LinearPart Input { get; }

    /// <summary>The convolution's [Channels][Taps].</summary>
    public VectorPart Convolution { get; }

    /// <summary>The convolution's [Channels]; null: it has none.</summary>
    public VectorPart? ConvolutionBias { get; }

    /// <summary>How fast each head forgets [Heads]: −exp(A).</summary>
    public VectorPart Decay { get; }

    /// <summary>Added to the rate of that [Heads].</summary>
    public VectorPart Shift { get; }

    /// <summary>How much of x is added to the output of a head [Heads].</summary>
    public VectorPart Skip { get; }

    /// <summary>The gains of the norm [InnerWidth]; null: there is none.</summary>
    public VectorPart? Norm { get; }

    /// <inheritdoc/>
    public override LinearPart Output { get; }
}
