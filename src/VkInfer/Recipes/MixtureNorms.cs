namespace VkInfer.Recipes;

/// <summary>
/// The norms of a mixture's parts, where router, experts and the expert for all tokens see the residual stream h each through its own:
/// experts(norm(h)) and shared(norm(h)) are normalised before they are added. Immutable.
/// </summary>
internal sealed class MixtureNorms
{
    /// <param name="width">Elements of a row of the residual stream.</param>
    /// <param name="prefix">Of the layer's tensors: <c>blk.0.</c></param>
    /// <param name="parts">Takes down the norms.</param>
    public MixtureNorms(int width, string prefix, PartList parts)
    {
        // RMSNorm(h) · scale / √width, without a gain of its own.
        string scale = prefix + "ffn_gate_inp.scale";
        Router = parts.Add(new NormPart(scale, width, NormKind.RmsNorm) { Gain = scale, Factor = 1 / MathF.Sqrt(width) });
        Experts = Norm("pre_ffw_norm_2");
        BehindShared = Norm("post_ffw_norm_1");
        BehindExperts = Norm("post_ffw_norm_2");

        NormPart Norm(string name) => parts.Add(new NormPart(prefix + name, width, NormKind.RmsNorm));
    }

    /// <summary>Of the router's input.</summary>
    public NormPart Router { get; }

    /// <summary>Of the input of the experts that a token goes to; that of the one for all tokens has the layer's.</summary>
    public NormPart Experts { get; }

    /// <summary>Of the output of the expert for all tokens.</summary>
    public NormPart BehindShared { get; }

    /// <summary>Of the sum of the others.</summary>
    public NormPart BehindExperts { get; }
}
