using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>
/// Gemma 4: Gemma 3 without a 1 in its gains, with longer and fewer heads in the layers that see everything, whose values may be their
/// keys, a norm of values, a factor of the stream behind each layer; some with mixtures of experts beside the feed-forward layers, some
/// with inputs of each layer and last layers that read earlier ones' keys and values. Of a folder whose model also sees or hears the part
/// for text.
/// </summary>
internal sealed class Gemma4 : ModelFamily
{
    private const int Period = 6;
    private const int DefaultPerLayer = 256;
    private const float WindowedTheta = 10000f;

    public override string Architecture => "gemma4";

    public override IReadOnlyList<string> HfModelTypes => ["gemma4_text", "gemma4_unified_text", .. HfTypesWithVision];

    public override IReadOnlyList<string> HfTypesWithVision => ["gemma4", "gemma4_unified"];

    public override bool TiesEmbeddings => true;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Gemma2.Names.With(
            ("model.layers.*.layer_scalar", "blk.*.layer_output_scale.weight"),
            ("model.embed_tokens_per_layer", "per_layer_token_embd"),
            ("model.per_layer_model_projection", "per_layer_model_proj"),
            ("model.per_layer_projection_norm", "per_layer_proj_norm"),
            ("model.layers.*.per_layer_input_gate", "blk.*.inp_gate"),
            ("model.layers.*.per_layer_projection", "blk.*.proj"),
            ("model.layers.*.post_per_layer_input_norm", "blk.*.post_norm"),
            ("model.layers.*.router.proj", "blk.*.ffn_gate_inp"),
            ("model.layers.*.router", "blk.*.ffn_gate_inp"), // Its parameter "scale".
            ("model.layers.*.router.per_expert_scale", "blk.*.ffn_down_exps.scale"),
            ("model.layers.*.experts.gate_up_proj", "blk.*.ffn_gate_up_exps"),
            ("model.layers.*.experts.down_proj", "blk.*.ffn_down_exps"),
            ("model.layers.*.pre_feedforward_layernorm_2", "blk.*.pre_ffw_norm_2"),
            ("model.layers.*.post_feedforward_layernorm_1", "blk.*.post_ffw_norm_1"),
            ("model.layers.*.post_feedforward_layernorm_2", "blk.*.post_ffw_norm_2"));

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || IsOfVision(name);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        GgufKeys keys = gguf.Keys;
        int layers = keys.Count("block_count", ModelLimits.MaxLayers);
        int[] windows = [.. gguf.AlternatingWindows(layers, keys.Count("attention.sliding_window", ModelLimits.MaxContextLength), Period)];
        int full = Array.LastIndexOf(windows, 0);
        ModelConfig shape = gguf.ReadShape(headLayer: full < 0 ? null : full, hasExpertWidth: true, hasOwnWidths: true) with
        {
            Activation = ActivationFunction.Gelu,
            PerLayerSize = PerLayer(keys.TryCount("embedding_length_per_layer_input", ModelLimits.MaxWidth, min: 0) ?? 0, odd =>
                keys.Wrong("embedding_length_per_layer_input", odd)),
        };
        int own = layers - (keys.TryCount("attention.shared_kv_layers", layers - 1, min: 0) ?? 0);
        int?[] kvLayers = KvLayers(windows, own, odd => keys.Wrong("attention.shared_kv_layers", odd));
        Gemma3.RefuseMagnitude(gguf, shape);
        IReadOnlyList<long>? kvHeads = keys.TryPerLayer("attention.head_count_kv", layers);
        int dim = keys.TryCount("attention.key_length_swa", ModelLimits.MaxWidth) ?? shape.HeadDim;
        if (keys.TryCount("attention.value_length_swa", ModelLimits.MaxWidth) is { } value && value != dim)
        {
            throw keys.Wrong("attention.value_length_swa", $"{keys.Key("attention.key_length_swa")}, {dim}");
        }

        int rotary = keys.TryCount("rope.dimension_count_swa", ModelLimits.MaxWidth) ?? dim;
        shape = shape with
        {
            Windows = windows,
            WindowedRopeTheta = keys.TryNumber("rope.freq_base_swa", NumberRange.RopeTheta) ?? shape.RopeTheta,
            LogitSoftCap = gguf.SoftCap("final_logit_softcapping", 0),
        };
        bool hasExperts = shape.NumExperts > 0;
        IReadOnlyList<int>? widths = gguf.FeedForwardWidths(layers);
        int width = widths is null && hasExperts ? keys.Count("feed_forward_length", ModelLimits.MaxWidth) : shape.IntermediateSize;
        int WidthOf(int layer) => widths?[layer] ?? width;
        return Adapt(
            shape, kvLayers,
            layer => new HeadShape(
                shape.NumHeads, kvHeads is null ? shape.NumKvHeads : gguf.KvHeads(kvHeads[layer]), windows[layer] > 0 ? dim : shape.HeadDim,
                windows[layer] > 0 ? rotary : shape.RotaryDim),
            layer => gguf.Tensors.Has($"blk.{layer}.attn_k.weight") && !gguf.Tensors.Has($"blk.{layer}.attn_v.weight"),
            layer => gguf.Tensors.Has($"blk.{layer}.layer_output_scale.weight"),
            layer => hasExperts && gguf.Tensors.Has($"blk.{layer}.ffn_gate_inp.weight")
                ? Mixture(WidthOf(layer), HasExpertScales(gguf, layer))
                : new DenseRecipe { Width = WidthOf(layer) });
    }

    // NVFP4's blocks have the scales of experts in them already.
    private static bool HasExpertScales(GgufConfigReader gguf, int layer) => gguf.Tensors.Has($"blk.{layer}.ffn_down_exps.scale")
        && gguf.Keys.File.TryGetTensor($"blk.{layer}.ffn_down_exps.weight", out GgufTensor? down) && down.Type != GgufTensorType.NVFP4;

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        if (json.TryString("use_bidirectional_attention") is { } seen and not "vision")
        {
            throw json.Wrong("use_bidirectional_attention", "vision: attention of text to later positions does not run here", $"\"{seen}\"");
        }

        bool hasRope = json.Has("rope_parameters") || json.Has("rope_scaling");
        bool hasExperts = json.TryBool("enable_moe_block") ?? false;
        config.Names = config.Names with { Experts = "num_experts", ExpertsPerToken = "top_k_experts" };
        HfDefaults defaults = hasRope ? Defaults with { RotatedShare = 1 } : Defaults;
        int dim = json.TryInt("head_dim", ModelLimits.MaxWidth) ?? 256;
        var full = HfLayerOverrides.Read(json, "head_dim", "num_key_value_heads");
        if (full.Layers.Count > 0)
        {
            defaults = defaults with { HeadDim = full.TryInt("head_dim", ModelLimits.MaxWidth) ?? dim };
        }

        ModelConfig shape = config.ReadShape(Architecture, hasExperts ? WithExperts(defaults, json) : defaults);
        int width = hasExperts ? json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? Defaults.IntermediateSize : shape.IntermediateSize;
        bool hasKeysAsValues = json.TryBool("attention_k_eq_v") ?? false;
        int fullHeads = full.TryInt("num_key_value_heads", ModelLimits.MaxHeads)
            ?? (hasKeysAsValues ? json.TryInt("num_global_key_value_heads", ModelLimits.MaxHeads) : null) ?? shape.NumKvHeads;
        if (shape.Windows.Count == 0)
        {
            throw json.Wrong("sliding_window", "a number of positions, which some layers see", "none");
        }

        // The last layer sees everything, whatever is said of it.
        int[] windows = [.. shape.Windows.SkipLast(1), 0];
        full.Require(windows.Index().Where(layer => layer.Item == 0).Select(layer => layer.Index), "the layers that see everything");
        int own = shape.NumLayers - (json.TryInt("num_kv_shared_layers", shape.NumLayers - 1, min: 0) ?? 0);
        int?[] kvLayers = KvLayers(windows, own, odd => json.Wrong("num_kv_shared_layers", odd, shape.NumLayers - own));
        bool isWider = json.TryBool("use_double_wide_mlp") ?? false;
        const string PerLayerKey = "hidden_size_per_layer_input";
        int perLayer = json.TryInt(PerLayerKey, ModelLimits.MaxWidth, min: 0) ?? (json.Has(PerLayerKey) ? 0 : DefaultPerLayer);
        shape = shape with
        {
            PerLayerSize = PerLayer(perLayer, odd => json.Wrong(PerLayerKey, odd, perLayer)),
            Windows = windows,
            WindowedRopeTheta = shape.WindowedRopeTheta ?? WindowedTheta,
            LogitSoftCap = Gemma2.SoftCap(config, "final_logit_softcapping", 0),
        };
        return Adapt(
            shape with { NumKvHeads = fullHeads }, kvLayers,
            layer => windows[layer] > 0
                ? new HeadShape(shape.NumHeads, shape.NumKvHeads, dim, dim)
                : new HeadShape(shape.NumHeads, fullHeads, shape.HeadDim, shape.RotaryDim),
            layer => hasKeysAsValues && windows[layer] == 0, _ => true,
            layer => hasExperts ? Mixture(width, hasScales: true)
                : new DenseRecipe { Width = isWider && layer >= own ? 2 * width : width });
    }

    private static HfDefaults WithExperts(HfDefaults defaults, HfJson json)
    {
        const string Width = "moe_intermediate_size", Count = "num_experts", Used = "top_k_experts";
        return defaults with
        {
            WidthKey = Width,
            IntermediateSize = Size(Width, ModelLimits.MaxWidth),
            ExpertsKey = Count,
            NumExperts = Size(Count, ModelLimits.MaxExperts),
            ExpertsPerTokenKey = Used,
            NumExpertsPerToken = Size(Used, ModelLimits.MaxExperts),
        };

        // Without defaults.
        int Size(string key, int max) => json.TryInt(key, max)
            ?? throw json.Wrong(key, $"an integer from 1 to {max}, since enable_moe_block is true", "nothing");
    }

    private static MixtureRecipe Mixture(int width, bool hasScales) => new()
    {
        Router = new RouterRule(RouterScore.Softmax),
        HasExpertScales = hasScales,
        HasOwnNorms = true,
        Shared = new DenseRecipe { Width = width },
    };

    // Shared layers read the last layer of their kind that has keys and values.
    private static int?[] KvLayers(int[] windows, int own, Func<string, Exception> wrong)
    {
        int?[] layers = new int?[windows.Length];
        for (int layer = own; layer < windows.Length; layer++)
        {
            int owner = Array.FindLastIndex(windows, own - 1, window => window > 0 == windows[layer] > 0);
            layers[layer] = owner >= 0 ? owner : throw wrong($"fewer: layer {layer} finds no earlier one of its kind");
        }

        return layers;
    }

    // Read in pairs.
    private static int PerLayer(int size, Func<string, Exception> wrong) => size % 2 == 0 ? size : throw wrong("an even number");

    private static ModelConfig Adapt(
        ModelConfig shape, int?[] kvLayers, Func<int, HeadShape> heads, Func<int, bool> hasKeysAsValues, Func<int, bool> hasScale,
        Func<int, FeedForwardRecipe> feedForward) =>
        (Gemma.Adapt(shape) with { AttentionScale = 1 }).Compose((layer, i) => layer with
        {
            Norms = NormPlacement.BeforeAndBehind,
            HasOutputScale = hasScale(i),
            FeedForward = feedForward(i),
            Mixer = new AttentionRecipe
            {
                Heads = heads(i) with { KvCount = heads(kvLayers[i] ?? i).KvCount },
                HeadNorm = HeadNormKind.EachHeadAndValue,
                HasKeysAsValues = kvLayers[i] is null && hasKeysAsValues(i),
                KvLayer = kvLayers[i],
            },
        });

    private static HfDefaults Defaults { get; } = new()
    {
        VocabSize = 262144,
        HiddenSize = 2304,
        IntermediateSize = 9216,
        NumLayers = 30,
        NumHeads = 8,
        NumKvHeads = 4,
        HeadDimKey = "global_head_dim",
        HasHeadsOfLastLayer = true,
        HasLayerOverrides = true,
        HeadDim = 512,
        MaxContextLength = 131072,
        RopeTheta = 1e6f,
        RopeType = "proportional",
        RotatedShare = 0.25f,
        ActivationKey = "hidden_activation",
        Activation = "gelu_pytorch_tanh",
        Windows = HfWindows.Alternating,
        Window = 512,
        WindowPeriod = Period,
    };
}
