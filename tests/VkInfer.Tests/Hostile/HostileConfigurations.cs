using static VkInfer.Tests.Hostile.HostileCase;

namespace VkInfer.Tests.Hostile;

/// <summary>Shapes that no transformer has, and kinds of models that do not run here.</summary>
internal static class HostileConfigurations
{
    public static IEnumerable<TestCaseData> Cases()
    {
        yield return Set("general.architecture", "mamba", "\"mamba\"", "llama");
        yield return Set("general.architecture", 7u, "general.architecture", "string");
        yield return Remove("general.architecture", "general.architecture");
        foreach (object count in new object[] { 0u, -1, 4_000_000_000u, ulong.MaxValue, "1", 1.5f })
        {
            yield return Set("llama.block_count", count, "llama.block_count");
        }

        yield return Set("llama.block_count", 2u, "blk.1.attn_norm.weight", "missing");
        yield return Remove("llama.block_count", "llama.block_count");
        foreach (object count in new object[] { 0u, -4, uint.MaxValue })
        {
            yield return Set("llama.attention.head_count", count, "llama.attention.head_count");
            yield return Set("llama.attention.head_count_kv", count, "llama.attention.head_count_kv");
            yield return Set("llama.embedding_length", count, "llama.embedding_length");
            yield return Set("llama.feed_forward_length", count, "llama.feed_forward_length");
            yield return Set("llama.context_length", count, "llama.context_length");
            yield return Set("llama.attention.key_length", count, "llama.attention.key_length");
            yield return Set("llama.rope.dimension_count", count, "llama.rope.dimension_count");
        }

        yield return Set("llama.attention.head_count", 64u, "head dimension 0");
        yield return Set("llama.attention.head_count_kv", 3u, "3 key/value heads do not divide 4");
        yield return Set("llama.attention.head_count_kv", 8u, "8 key/value heads do not divide 4");
        yield return Set("llama.attention.head_count", new[] { 4u, 2u }, "llama.attention.head_count", "the same for all layers");
        yield return Set("llama.attention.causal", false, "llama.attention.causal");
        yield return Set("llama.embedding_length", 64u, "token_embd.weight", "32", "expected 264 x 64");
        yield return Set("llama.rope.dimension_count", 7u, "rotary dimension 7");
        yield return Set("llama.rope.dimension_count", 16u, "rotary dimension 16");
        yield return Set("llama.vocab_size", -4, "llama.vocab_size");
        yield return Set("llama.expert_count", 8u, "llama.expert_used_count");
        yield return Set("llama.expert_count", uint.MaxValue, "llama.expert_count");
        yield return Of(
            "more experts per token than there are",
            model =>
            {
                model.Metadata["llama.expert_count"] = 2u;
                model.Metadata["llama.expert_used_count"] = 3u;
            },
            "3 of 2 experts");
        yield return Set("llama.rope.scaling.type", "dynamic", "llama.rope.scaling.type", "'dynamic'", "none, linear, yarn, longrope");
        yield return Remove("llama.attention.layer_norm_rms_epsilon", "llama.attention.layer_norm_rms_epsilon");
        yield return Set("llama.rope.freq_base", 1e-38f, "llama.rope.freq_base");
        yield return Set("llama.attention.layer_norm_rms_epsilon", 1e38f, "llama.attention.layer_norm_rms_epsilon");
        foreach (string key in new[] { "attn_factor", "yarn_attn_factor", "yarn_log_multiplier", "factor" })
        {
            yield return Of(
                $"YaRN with {key} = 1e38",
                model =>
                {
                    model.Metadata["llama.rope.scaling.type"] = "yarn";
                    model.Metadata[$"llama.rope.scaling.{key}"] = 1e38f;
                },
                $"llama.rope.scaling.{key}");
        }

        yield return Of(
            "YaRN whose ramp goes backwards",
            model =>
            {
                model.Metadata["llama.rope.scaling.type"] = "yarn";
                model.Metadata["llama.rope.scaling.yarn_beta_fast"] = 0.5f;
            },
            "llama.rope.scaling.yarn_beta_fast");
        foreach (string key in new[] { "llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base" })
        {
            foreach (object number in new object[] { 0f, -1f, float.NaN, float.PositiveInfinity, 1e300, double.Epsilon, "one" })
            {
                yield return Set(key, number, key);
            }
        }

        yield return Of(
            "linear scaling by -1",
            model =>
            {
                model.Metadata["llama.rope.scaling.type"] = "linear";
                model.Metadata["llama.rope.scaling.factor"] = -1f;
            },
            "llama.rope.scaling.factor");
    }
}
