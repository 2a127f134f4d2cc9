using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Configuration;

namespace VkInfer.Proof;

/// <summary>
/// The configuration of a fixture in sizes that blocks of 256 weights divide, which those of the fixture do not. What makes the family
/// stays: biases, norms, windows, bounds, scaling of positions, experts and how many a token goes to.
/// </summary>
internal static class WideConfig
{
    private const int Width = 256;
    private const int FeedForwardWidth = 512;
    private const int ExpertWidth = 256;
    private const int Heads = 4;
    private const int KvHeads = 1;
    private const int HeadDim = Width / Heads;
    private const int MaxLayers = 2;

    private static readonly string[] PerLayerKeys = ["layer_types", "no_rope_layers"];
    private static readonly string[] LayerKeys = ["num_hidden_layers", "n_layer"];

    /// <summary>Reads a fixture's configuration and widens it.</summary>
    public static HfJson Of(Fixture fixture)
    {
        string path = Path.Combine(fixture.Folder, "config.json");
        var config = (JsonObject)JsonNode.Parse(File.ReadAllBytes(path))!;
        Set(config, Width, "hidden_size", "n_embd", "word_embed_proj_dim");
        Set(config, config.ContainsKey("num_experts_per_tok")
            ? ExpertWidth
            : FeedForwardWidth, "intermediate_size", "n_inner", "ffn_dim");
        Set(config, ExpertWidth, "moe_intermediate_size");
        Set(config, ExpertWidth, "shared_intermediate_size");
        Set(config, Heads, "num_attention_heads", "n_head");
        Set(config, KvHeads, "num_key_value_heads");
        Set(config, HeadDim, "head_dim", "query_pre_attn_scalar");
        Set(config, 2 * HeadDim, "global_head_dim");
        Set(config, Width, "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim");
        Set(config, HeadDim, "v_head_dim");
        int left = 0;
        foreach (string key in LayerKeys.Where(config.ContainsKey))
        {
            left = Math.Max(0, (int)config[key]! - MaxLayers);
            config[key] = Math.Min((int)config[key]!, MaxLayers);
        }

        if (config["per_layer_config"] is JsonObject overrides)
        {
            config["per_layer_config"] = Widened(overrides, left);
        }

        foreach (string key in PerLayerKeys)
        {
            if (config[key] is JsonArray layers)
            {
                // The last ones, among which are those that differ.
                config[key] = new JsonArray([.. layers.TakeLast(MaxLayers).Select(layer => layer!.DeepClone())]);
            }
        }

        if (config["mlp_layer_types"] is JsonArray kinds)
        {
            config["mlp_layer_types"] = new JsonArray([.. kinds.Take(MaxLayers).Select(kind => kind!.DeepClone())]);
        }

        if (config["rope_parameters"] is JsonObject rope)
        {
            Stretch(rope, "long_factor");
            Stretch(rope, "short_factor");
        }

        return HfJson.Parse(path, Encoding.UTF8.GetBytes(config.ToJsonString()));
    }

    /// <summary>What the last layers have of their own: longer heads.</summary>
    private static JsonObject Widened(JsonObject overrides, int left)
    {
        var result = new JsonObject();
        foreach ((string layer, JsonNode? own) in overrides)
        {
            int index = int.Parse(layer, CultureInfo.InvariantCulture) - left;
            if (index >= 0)
            {
                var fields = (JsonObject)own!.DeepClone();
                Set(fields, 2 * HeadDim, "head_dim");
                Set(fields, KvHeads, "num_key_value_heads");
                result[index.ToString(CultureInfo.InvariantCulture)] = fields;
            }
        }

        return result;
    }

    private static void Set(JsonObject config, int value, params string[] keys)
    {
        foreach (string key in keys.Where(key => config[key] is not null))
        {
            config[key] = value;
        }
    }

    /// <summary>One factor for each pair of the wider heads.</summary>
    private static void Stretch(JsonObject rope, string key)
    {
        if (rope[key] is JsonArray factors)
        {
            const int Pairs = HeadDim / 2;
            rope[key] = new JsonArray([.. Enumerable.Range(0, Pairs).Select(pair => factors[pair * factors.Count / Pairs]!.DeepClone())]);
        }
    }
}
