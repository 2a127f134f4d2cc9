using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Families;

/// <summary>Granite 4 hybrid: Granite's factors and feed-forward layers behind Mamba-2, and behind attention in a few layers.</summary>
internal sealed class GraniteHybrid : ModelFamily
{
    private const string KvHeads = "attention.head_count_kv";

    public override string Architecture => "granitehybrid";

    public override IReadOnlyList<string> HfModelTypes => ["granitemoehybrid"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        GraniteMoe.Names.With(Mamba2Layers.Names("model.layers.*.mamba"));

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = Granite.Scaled(gguf, gguf.ReadShape(hasOtherMixers: true));
        IReadOnlyList<long>? kvHeads = gguf.Keys.TryPerLayer(KvHeads, shape.NumLayers);
        int first = kvHeads?.ToList().IndexOf(0) ?? -1;
        int shared = gguf.Keys.TryCount("expert_shared_feed_forward_length", ModelLimits.MaxWidth, min: 0) ?? 0;
        return Compose(
            shape.NumExperts > 0 ? GraniteMoe.WithShared(shape, shared) : shape, first < 0 ? null : Mamba2Layers.Read(gguf, first),
            layer => kvHeads?[layer] == 0);
    }

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        Mamba2Layers.Check(config, "hidden_act");
        bool hasExperts = json.TryInt("num_local_experts", ModelLimits.MaxExperts, min: 0) != 0;
        ModelConfig shape = Granite.Scaled(config, config.ReadShape(Architecture, hasExperts ? GraniteMoe.Defaults : Granite.Defaults));
        int shared = json.TryInt("shared_intermediate_size", ModelLimits.MaxWidth) ?? GraniteMoe.DefaultSharedWidth;
        int expand = json.TryInt("mamba_expand", ModelLimits.MaxWidth) ?? 2;
        Mamba2Recipe mamba = Mamba2Layers.Read(config, (long)expand * shape.HiddenSize, normGroups: 1);
        bool isRotated = json.TryString("position_embedding_type") == "rope";
        IReadOnlyList<string> types = json.Strings("layer_types");
        if (types.Count > 0 && (types.Count != shape.NumLayers || !types.All(type => IsMamba(type) || type is "attention" or "full_attention")))
        {
            throw json.Wrong("layer_types", $"mamba or attention for each layer, of which num_hidden_layers are {shape.NumLayers}", $"[{string.Join(", ", types)}]");
        }

        // Without experts the one for all tokens is the layer.
        shape = hasExperts ? GraniteMoe.WithShared(shape, shared)
            : shape.Compose(layer => layer with { FeedForward = new DenseRecipe { Width = shared, Suffix = "_shexp" } });
        return Compose(
            shape.Compose(layer => layer.WithAttention(attention => attention with { IsRotated = isRotated })), mamba,
            layer => types.Count == 0 || IsMamba(types[layer]));
    }

    private static bool IsMamba(string type) => type is "mamba" or "linear_attention";

    private static ModelConfig Compose(ModelConfig shape, Mamba2Recipe? mamba, Func<int, bool> isMamba) =>
        shape.Compose((layer, i) => isMamba(i) ? layer with { Mixer = mamba } : layer);
}
