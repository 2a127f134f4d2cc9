using System.Text.Json.Nodes;
using VkInfer.Formats.Tests;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>What GGUF says of mixtures of DeepSeek's kind, and of latent attention, as llama.cpp's converter writes it.</summary>
internal static class DeepSeekKeys
{
    /// <summary>Adds the keys.</summary>
    public static void Add(GgufWriter writer, string architecture, JsonObject config, ModelConfig shape)
    {
        RouterRule rule = shape.Layers.Select(layer => layer.FeedForward).OfType<MixtureRecipe>().First().Router;
        void Count(string key, int value) => writer.Add($"{architecture}.{key}", (uint)value);

        if ((config["n_shared_experts"] ?? config["num_shared_experts"]) is { } shared)
        {
            Count("expert_shared_count", shared.GetValue<int>());
        }

        Count("expert_gating_func", rule.Score == RouterScore.Softmax ? 1 : 2);
        Count("expert_group_count", rule.Groups);
        Count("expert_group_used_count", rule.GroupsUsed);
        writer.Add($"{architecture}.expert_weights_norm", rule.Normalises);
        if (shape.Latent is not { } latent)
        {
            return;
        }

        Count("attention.head_count_kv", 1);
        Count("attention.key_length", latent.Shape.KeyDim);
        Count("attention.value_length", latent.Shape.Rank);
        Count("attention.key_length_mla", latent.Shape.HeadDim);
        Count("attention.value_length_mla", latent.ValueDim);
        Count("attention.kv_lora_rank", latent.Shape.Rank);
        if (latent.QueryRank is { } rank)
        {
            Count("attention.q_lora_rank", rank);
        }
    }
}
