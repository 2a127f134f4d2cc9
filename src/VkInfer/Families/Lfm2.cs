using VkInfer.Configuration;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>LFM2: gated short convolutions in most layers, attention with norms of heads in the others.</summary>
internal sealed class Lfm2 : ModelFamily
{
    private const string LastNorm = "token_embd_norm";

    public override string Architecture => "lfm2";

    public override IReadOnlyList<string> HfModelTypes => ["lfm2"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames => Names;

    /// <summary>Names of tensors that its mixtures have, too.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = Families.HfTensorNames.Llama.With(
        ("model.embedding_norm", LastNorm),
        ("model.layers.*.operator_norm", "blk.*.attn_norm"),
        ("model.layers.*.ffn_norm", "blk.*.ffn_norm"),
        ("model.layers.*.self_attn.out_proj", "blk.*.attn_output"),
        ("model.layers.*.self_attn.q_layernorm", "blk.*.attn_q_norm"),
        ("model.layers.*.self_attn.k_layernorm", "blk.*.attn_k_norm"),
        ("model.layers.*.conv.in_proj", "blk.*.shortconv.in_proj"),
        ("model.layers.*.conv.conv", "blk.*.shortconv.conv"),
        ("model.layers.*.conv.out_proj", "blk.*.shortconv.out_proj"),
        ("model.layers.*.feed_forward.w1", "blk.*.ffn_gate"),
        ("model.layers.*.feed_forward.w3", "blk.*.ffn_up"),
        ("model.layers.*.feed_forward.w2", "blk.*.ffn_down"));

    public override ModelConfig Describe(GgufConfigReader gguf) => Adapt(gguf, gguf.ReadShape(hasOtherMixers: true));

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        string width = json.Has("block_ff_dim") ? "block_ff_dim" : "intermediate_size";
        return Adapt(config, config.ReadShape(Architecture, Defaults with { WidthKey = width, RopeTheta = Theta(json) }));
    }

    /// <summary>θ, which older folders have under a name of its own.</summary>
    public static float Theta(HfJson json) => json.TryNumber("theta", NumberRange.RopeTheta) ?? Defaults.RopeTheta;

    /// <summary>The mixers of a GGUF file's layers.</summary>
    public static ModelConfig Adapt(GgufConfigReader gguf, ModelConfig shape)
    {
        IReadOnlyList<long>? kvHeads = gguf.Keys.TryPerLayer("attention.head_count_kv", shape.NumLayers);
        return Adapt(
            shape with { RopePairing = RopePairing.SplitHalf }, gguf.Keys.Count("shortconv.l_cache", ShortConvShape.MaxTaps),
            layer => kvHeads?[layer] == 0, gguf.Keys.File.Path);
    }

    /// <summary>The mixers of a folder's layers.</summary>
    public static ModelConfig Adapt(HfConfigReader config, ModelConfig shape)
    {
        HfJson json = config.Json;
        config.Refuse("conv_bias", refused: true, "biases of convolutions do not run here");
        IReadOnlyList<string> types = json.Strings("layer_types");
        IReadOnlyList<int> attends = json.Ids("full_attn_idxs");
        if (types.Count > 0 && (types.Count != shape.NumLayers || types.Any(type => type is not ("conv" or "full_attention"))))
        {
            throw json.Wrong("layer_types", $"{shape.NumLayers} times conv or full_attention", $"[{string.Join(", ", types)}]");
        }

        return Adapt(
            shape, json.TryInt("conv_L_cache", ShortConvShape.MaxTaps) ?? 3,
            layer => types.Count > 0 ? types[layer] == "conv" : json.Has("full_attn_idxs") && !attends.Contains(layer), json.Path);
    }

    private static ModelConfig Adapt(ModelConfig shape, int taps, Func<int, bool> isConvolution, string path)
    {
        if (taps < 2)
        {
            throw new UnsupportedModelException($"{path}: a convolution over {taps} position; expected 2 or more.");
        }

        var convolution = new ShortConvRecipe(shape.HiddenSize, taps);
        var attention = new AttentionRecipe { HeadNorm = HeadNormKind.EachHead };
        return (shape with { OutputNorm = LastNorm }).Compose(
            (layer, i) => layer with { Mixer = isConvolution(i) ? convolution : attention });
    }

    /// <summary>What transformers takes where a folder has no key.</summary>
    public static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 65536,
        HiddenSize = 2560,
        IntermediateSize = 12288,
        NumLayers = 32,
        NumHeads = 32,
        NumKvHeads = 8,
        MaxContextLength = 128000,
        EpsilonKey = "norm_eps",
        NormEps = 1e-5f,
        RopeTheta = 1e6f,
    };
}
