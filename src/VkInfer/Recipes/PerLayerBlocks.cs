namespace VkInfer.Recipes;

/// <summary>
/// What makes the inputs of layers: p = (RMSNorm(W h / √d) + √P E[token]) / √2 for each layer's P elements, with the embedded token h
/// (Gemma 3n, Gemma 4). Immutable.
/// </summary>
internal sealed class PerLayerInputs
{
    public PerLayerInputs(ModelConfig config, PartList parts)
    {
        int width = config.NumLayers * config.PerLayerSize;
        Embedding = parts.Add(new LinearPart("per_layer_token_embd", config.VocabSize, width) { IsMultiplied = false, IsRarelyRead = true });
        Projection = parts.Add(new LinearPart("per_layer_model_proj", width, config.HiddenSize));
        Norm = parts.Add(new NormPart("per_layer_proj_norm", config.PerLayerSize, NormKind.RmsNorm) { Factor = 1 / MathF.Sqrt(2) });
    }

    /// <summary>E [VocabSize, NumLayers · PerLayerSize].</summary>
    public LinearPart Embedding { get; }

    /// <summary>W [NumLayers · PerLayerSize, HiddenSize].</summary>
    public LinearPart Projection { get; }

    /// <summary>The norm of each layer's part, by √2.</summary>
    public NormPart Norm { get; }
}

/// <summary>What a layer does with its input p at its end: h += RMSNorm(W₂ (f(W₁ h) · p)). Immutable.</summary>
internal sealed class PerLayerBlock(ModelConfig config, string prefix, PartList parts)
{
    /// <summary>W₁ [PerLayerSize, HiddenSize].</summary>
    public LinearPart Gate { get; } = parts.Add(new LinearPart(prefix + "inp_gate", config.PerLayerSize, config.HiddenSize));

    /// <summary>W₂ [HiddenSize, PerLayerSize].</summary>
    public LinearPart Projection { get; } = parts.Add(new LinearPart(prefix + "proj", config.HiddenSize, config.PerLayerSize));

    /// <summary>The norm behind it.</summary>
    public NormPart Norm { get; } = parts.Add(new NormPart(prefix + "post_norm", config.HiddenSize, config.Norm));
}
