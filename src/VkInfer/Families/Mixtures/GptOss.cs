using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// gpt-oss: a mixture of experts with biases everywhere and clamped SwiGLU, attention sinks, a window in every other layer, YaRN.
/// </summary>
internal sealed class GptOss : ModelFamily
{
    private const string SecondNorm = "post_attention_norm";
    private const int Period = 2;
    private const int DefaultWindow = 128;
    private const float Alpha = 1.702f;
    private const float Limit = 7f;

    public override string Architecture => "gpt-oss";

    public override IReadOnlyList<string> HfModelTypes => ["gpt_oss"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.post_attention_layernorm", "blk.*." + SecondNorm),
        ("model.layers.*.self_attn.sinks", "blk.*.attn_sinks.weight"),
        ("model.layers.*.mlp.router", "blk.*.ffn_gate_inp"),
        ("model.layers.*.mlp.experts.gate_proj", "blk.*.ffn_gate_exps"),
        ("model.layers.*.mlp.experts.up_proj", "blk.*.ffn_up_exps"),
        ("model.layers.*.mlp.experts.down_proj", "blk.*.ffn_down_exps"));

    public override HfScheme HfScheme(HfJson config) => GptOssExperts.In(config);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape(hasExpertWidth: true) with { RopePairing = RopePairing.SplitHalf };
        return Adapt(shape with
        {
            // GGUF has no key for it: the ends of the model's ramp are no whole pairs.
            RopeScaling = shape.RopeScaling is YarnRopeScaling yarn ? yarn with { Truncate = false } : shape.RopeScaling,

            // The last of two layers sees everything, as the first of two has a window.
            Windows = gguf.AlternatingWindows(shape.NumLayers, gguf.Keys.Window("attention.sliding_window", DefaultWindow), Period),
        });
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        Require(config, "swiglu_alpha", Alpha);
        Require(config, "swiglu_limit", Limit);
        return Adapt(config.ReadShape(Architecture, Defaults));
    }

    private static void Require(HfConfigReader config, string key, float expected)
    {
        if (config.Json.TryNumber(key, NumberRange.Factor) is { } value && value != expected)
        {
            throw config.Json.Wrong(key, FormattableString.Invariant($"{expected}: other bounds of experts do not run here"), value);
        }
    }

    private static ModelConfig Adapt(ModelConfig shape) => (shape with { Activation = ActivationFunction.ClampedSwiglu }).Compose(
        layer => (layer with { FeedForwardNorm = SecondNorm, FeedForward = new MixtureRecipe { HasBiases = true } }).WithAttention(
            attention => attention with { HasSinks = true }));

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 201088,
        HiddenSize = 2880,
        IntermediateSize = 2880,
        NumLayers = 36,
        NumHeads = 64,
        NumKvHeads = 8,
        HeadDim = 64,
        MaxContextLength = 131072,
        NormEps = 1e-5f,
        RopeTheta = 150000f,
        NumExperts = 128,
        NumExpertsPerToken = 4,
        Windows = HfWindows.Alternating,
        Window = DefaultWindow,
        WindowPeriod = Period,
    };
}
