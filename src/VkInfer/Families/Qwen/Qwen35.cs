using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Qwen3.5 to 3.8, dense: the gated delta rule in three of four layers, attention with gates in the others. Of a folder whose model also
/// sees the part for text; blocks that predict further tokens are left out.
/// </summary>
internal sealed class Qwen35 : ModelFamily
{
    private const int Period = 4;

    /// <summary>What files call the norm before the feed-forward layer.</summary>
    private const string SecondNorm = "post_attention_norm";

    public override string Architecture => "qwen35";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3_5_text", "qwen3_5"];

    public override IReadOnlyList<string> HfTypesWithVision => ["qwen3_5"];

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(Names);

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || IsOfOtherParts(name);

    public override bool IsOffset(string name) => IsGainOffset(name);

    public override HfTensorForm? FormOf(GgufTensor tensor) => DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf, gguf.ReadShape(), isTiled: true);

    public override ModelConfig Describe(HfConfigReader config) => Adapt(config, config.ReadShape(Architecture, Defaults));

    /// <summary>Names of tensors that its mixtures have, too.</summary>
    public static (string Name, string Gguf)[] Names { get; } =
    [
        ("model.layers.*.post_attention_layernorm", "blk.*." + SecondNorm),
        ("model.layers.*.linear_attn.in_proj_qkv", "blk.*.attn_qkv"),
        ("model.layers.*.linear_attn.in_proj_z", "blk.*.attn_gate"),
        ("model.layers.*.linear_attn.in_proj_b", "blk.*.ssm_beta"),
        ("model.layers.*.linear_attn.in_proj_a", "blk.*.ssm_alpha"),
        ("model.layers.*.linear_attn.conv1d", "blk.*.ssm_conv1d"),
        ("model.layers.*.linear_attn.A_log", "blk.*.ssm_a"),
        ("model.layers.*.linear_attn.dt_bias", "blk.*.ssm_dt.bias"),
        ("model.layers.*.linear_attn.norm", "blk.*.ssm_norm"),
        ("model.layers.*.linear_attn.out_proj", "blk.*.ssm_out"),
    ];

    /// <summary>Whether a tensor belongs to eyes, or to blocks that predict further tokens.</summary>
    public static bool IsOfOtherParts(string name) =>
        name.StartsWith("model.visual.", StringComparison.Ordinal) || name.StartsWith("mtp.", StringComparison.Ordinal);

    /// <summary>Whether folders have a gain less 1.</summary>
    public static bool IsGainOffset(string name) => name.EndsWith("norm.weight", StringComparison.Ordinal)
        && !name.EndsWith(".ssm_norm.weight", StringComparison.Ordinal);

    /// <summary>Folders have A, of which GGUF has −exp(A).</summary>
    public static HfTensorForm? DecayForm(GgufTensor tensor) =>
        tensor.Name.EndsWith(".ssm_a", StringComparison.Ordinal) ? new HfValuesForm(tensor, static value => -MathF.Exp(value)) : null;

    /// <summary>The blocks of a GGUF file's layers.</summary>
    public static ModelConfig Adapt(GgufConfigReader gguf, ModelConfig shape, bool isTiled, bool interleavesRates = false)
    {
        GgufKeys keys = gguf.Keys;
        int heads = keys.Count("ssm.time_step_rank", ModelLimits.MaxHeads);
        int keyDim = keys.Count("ssm.state_size", ModelLimits.MaxWidth);
        int inner = keys.Count("ssm.inner_size", ModelLimits.MaxWidth);
        var rule = new GatedDeltaShape(
            keys.Count("ssm.group_count", ModelLimits.MaxHeads), heads, keyDim, inner / heads, isTiled, interleavesRates);
        if (inner % heads != 0)
        {
            throw keys.Wrong("ssm.inner_size", $"a multiple of {keys.Key("ssm.time_step_rank")}, {heads}");
        }

        IReadOnlyList<long>? flags = keys.TryPerLayer("attention.recurrent_layers", shape.NumLayers);
        int period = keys.TryCount("full_attention_interval", ModelLimits.MaxLayers) ?? Period;
        return Adapt(
            gguf.WithoutPredictors(shape) with { RopePairing = RopePairing.SplitHalf },
            new GatedDeltaRecipe(rule, keys.Count("ssm.conv_kernel", ShortConvShape.MaxTaps)),
            layer => flags is null ? (layer + 1) % period != 0 : flags[layer] != 0, hasGates: true, gguf.Keys.File.Path);
    }

    /// <summary>The blocks of a folder's layers.</summary>
    public static ModelConfig Adapt(HfConfigReader config, ModelConfig shape, bool interleavesRates = false)
    {
        HfJson json = config.Json;
        config.Refuse("attention_bias", refused: true, "biases between heads and gates do not run here");
        config.Require("output_gate_type", "swish", "silu");
        int Count(string key, int fallback, int max) => json.TryInt(key, max) ?? fallback;
        var rule = new GatedDeltaShape(
            Count("linear_num_key_heads", 16, ModelLimits.MaxHeads), Count("linear_num_value_heads", 32, ModelLimits.MaxHeads),
            Count("linear_key_head_dim", 128, ModelLimits.MaxWidth), Count("linear_value_head_dim", 128, ModelLimits.MaxWidth),
            InterleavesRates: interleavesRates);
        IReadOnlyList<string> types = json.Strings("layer_types");
        if (types.Count > 0 && (types.Count != shape.NumLayers || types.Any(type => type is not ("linear_attention" or "full_attention"))))
        {
            throw json.Wrong("layer_types", $"{shape.NumLayers} times linear_attention or full_attention", $"[{string.Join(", ", types)}]");
        }

        int period = Count("full_attention_interval", Period, ModelLimits.MaxLayers);
        return Adapt(
            shape, new GatedDeltaRecipe(rule, Count("linear_conv_kernel_dim", 4, ShortConvShape.MaxTaps)),
            layer => types.Count == 0 ? (layer + 1) % period != 0 : types[layer] == "linear_attention",
            json.TryBool("attn_output_gate") ?? true, json.Path);
    }

    private static ModelConfig Adapt(ModelConfig shape, GatedDeltaRecipe recipe, Func<int, bool> isRecurrent, bool hasGates, string path)
    {
        try
        {
            recipe.Shape.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new UnsupportedModelException($"{path}: {exception.Message}.", exception);
        }

        if (recipe.Taps < 2)
        {
            throw new UnsupportedModelException($"{path}: a convolution over {recipe.Taps} position; expected 2 or more.");
        }

        var attention = new AttentionRecipe { HeadNorm = HeadNormKind.EachHead, HasGates = hasGates };
        return shape.Compose((layer, i) => layer with { FeedForwardNorm = SecondNorm, Mixer = isRecurrent(i) ? recipe : attention });
    }

    /// <summary>What transformers takes where a folder has no key.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 248320,
        HiddenSize = 4096,
        IntermediateSize = 12288,
        NumLayers = 32,
        NumHeads = 16,
        NumKvHeads = 4,
        HeadDim = 256,
        MaxContextLength = 32768,
        RotatedShare = 0.25f,
    };
}
