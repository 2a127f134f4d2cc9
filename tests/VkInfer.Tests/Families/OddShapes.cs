using System.Text.Json.Nodes;

namespace VkInfer.Tests.Families;

/// <summary>Sizes that no published model has, set in a fixture's configuration under whatever names its family has for them.</summary>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key heads.</param>
/// <param name="Hidden">Width of the residual stream, where heads have a width of their own.</param>
/// <param name="Width">Width of feed-forward layers.</param>
/// <param name="ExpertWidth">Width of experts.</param>
/// <param name="Vocab">Tokens.</param>
internal sealed record OddShapes(int HeadDim, int Heads, int KvHeads, int Hidden, int Width, int ExpertWidth, int Vocab)
{
    private static readonly string[] HeadKeys = ["head_dim", "global_head_dim"];
    private static readonly string[] OfEachLayer = ["layer_types", "mlp_layer_types", "no_rope_layers", "layers_block_type"];
    private static readonly string[] WidthsOfExperts =
        ["moe_intermediate_size", "moe_shared_expert_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"];

    /// <summary>Sets them.</summary>
    public void Set(JsonObject config)
    {
        bool hasHeadDim = HeadKeys.Any(config.ContainsKey) || config.ContainsKey("kv_lora_rank");
        bool hasWidthOfExperts = config.ContainsKey("moe_intermediate_size");
        bool hasExperts = config["num_local_experts"] is { } count && count.GetValue<int>() > 0;
        int heads = config["num_key_value_heads"]?.GetValue<int>() == config["num_attention_heads"]!.GetValue<int>() ? Heads : KvHeads;
        Put(config, Hidden, hasHeadDim ? ["hidden_size"] : []);
        Put(config, Heads * HeadDim, hasHeadDim ? [] : ["hidden_size"]);
        Put(config, HeadDim, HeadKeys);
        Put(config, Heads, "num_attention_heads");
        Put(config, heads, "num_key_value_heads");
        Put(config, hasExperts && !hasWidthOfExperts ? ExpertWidth : Width, "intermediate_size");
        Put(config, ExpertWidth, WidthsOfExperts);
        Put(config, Vocab, "vocab_size", "vocab_size_per_layer_input");
        SetExperts(config);
        SetMixers(config);
        SetRope(config);
        if (config["per_layer_config"] is JsonObject layers)
        {
            foreach ((string _, JsonNode? layer) in layers)
            {
                Put(layer!.AsObject(), HeadDim + 8, "head_dim");
                Put(layer.AsObject(), 1, "num_key_value_heads");
            }
        }
    }

    /// <summary>Leaves one layer, the last.</summary>
    public static void KeepLast(JsonObject config)
    {
        config["num_hidden_layers"] = 1;
        foreach (string key in OfEachLayer)
        {
            if (config[key] is JsonArray { Count: > 0 } all)
            {
                config[key] = new JsonArray(all[^1]!.DeepClone());
            }
        }

        if (config["per_layer_config"] is JsonObject layers)
        {
            config["per_layer_config"] = new JsonObject { ["0"] = layers.Last().Value!.DeepClone() };
        }
    }

    private static void SetExperts(JsonObject config)
    {
        bool hasGroups = config["n_group"] is { } groups && groups.GetValue<int>() > 1;
        if (config["num_local_experts"]?.GetValue<int>() != 0)
        {
            Put(config, hasGroups ? 6 : 5, "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");
        }

        if (config["router_jitter_noise"] is null || config["num_experts_per_tok"]?.GetValue<int>() != 2)
        {
            Put(config, 3, "num_experts_per_tok", "moe_k", "top_k_experts");
        }
    }

    private void SetMixers(JsonObject config)
    {
        Put(config, 20, "q_lora_rank", "linear_key_head_dim");
        Put(config, 36, "kv_lora_rank");
        Put(config, HeadDim, "qk_nope_head_dim");
        Put(config, 12, "qk_rope_head_dim");
        Put(config, 28, "v_head_dim", "linear_value_head_dim");
        Put(config, 14, "mamba_head_dim");
        Put(config, 11, "ssm_state_size", "mamba_d_state");
        Put(config, 3, "conv_kernel", "mamba_d_conv", "linear_conv_kernel_dim");
        if (config["mamba_n_heads"] is { } && !config.ContainsKey("mamba_d_ssm"))
        {
            (config["mamba_n_heads"], config["mamba_d_head"]) = (2 * Heads, "auto");
        }
    }

    /// <summary>One factor for each pair of a head.</summary>
    private void SetRope(JsonObject config)
    {
        foreach (string key in (string[])["rope_parameters", "rope_scaling"])
        {
            foreach (string factors in (string[])["long_factor", "short_factor"])
            {
                if (config[key] is JsonObject rope && rope[factors] is JsonArray given)
                {
                    rope[factors] = new JsonArray([.. Enumerable.Range(0, HeadDim / 2).Select(i => given[i % given.Count]!.DeepClone())]);
                }
            }
        }
    }

    private static void Put(JsonObject config, int value, params string[] keys)
    {
        foreach (string key in keys.Where(key => config[key] is not null))
        {
            config[key] = value;
        }
    }
}
