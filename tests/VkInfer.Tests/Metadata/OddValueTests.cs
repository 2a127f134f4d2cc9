using System.Text.Json.Nodes;
using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Tests.Families;
using VkInfer.Tests.Hostile;
using VkInfer.Transformer;

namespace VkInfer.Tests.Metadata;

/// <summary>
/// Every key of a small model set to odd values: the model is taken, with finite rotary tables, or refused in one line that names file and
/// key (or the tensor that does not fit), never in the words of .NET.
/// </summary>
[Category("Host")]
public sealed class OddValueTests
{
    /// <summary>Stands for the odd value, which JsonNode may not be able to hold.</summary>
    private const string Placeholder = "odd value";

    private static readonly string[] GgufKeys =
    [
        .. new[]
        {
            "context_length", "embedding_length", "feed_forward_length", "expert_feed_forward_length", "block_count", "vocab_size",
            "expert_count", "expert_used_count", "attention.head_count", "attention.head_count_kv", "attention.key_length",
            "attention.value_length", "attention.layer_norm_rms_epsilon", "attention.causal", "attention.sliding_window",
            "attention.sliding_window_pattern", "rope.dimension_count", "rope.freq_base", "rope.freq_base_swa", "rope.scale_linear",
            "rope.scaling.type", "rope.scaling.factor", "rope.scaling.attn_factor", "rope.scaling.original_context_length",
            "rope.scaling.finetuned", "rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor",
            "rope.scaling.yarn_log_multiplier", "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow",
            "attn_logit_softcapping", "final_logit_softcapping", "pooling_type", "attention.key_length_swa", "attention.value_length_swa",
            "attention.shared_kv_layers", "embedding_length_per_layer_input", "rope.dimension_count_swa",
        }.Select(name => "ARCH." + name),
        .. new[]
        {
            "model", "pre", "tokens", "scores", "token_type", "merges", "bos_token_id", "eos_token_id", "eos_token_ids",
            "eot_token_id", "eom_token_id", "unknown_token_id", "padding_token_id", "fim_pad_token_id", "fim_rep_token_id",
            "fim_sep_token_id", "add_bos_token", "add_eos_token", "add_space_prefix", "remove_extra_whitespaces",
            "precompiled_charsmap",
        }.Select(name => "tokenizer.ggml." + name),
        "tokenizer.chat_template", "general.architecture", "general.name", "vkinfer.attention.sliding_windows",
    ];

    private static readonly object[] GgufValues =
    [
        0u, 1u, 3u, -1, -7, uint.MaxValue, ulong.MaxValue, long.MinValue, (sbyte)-1, (ushort)65535, 0f, -1f, 1e-38f, 1e38f, float.NaN,
        float.PositiveInfinity, double.NegativeInfinity, 1e300, "", "x", new string('x', 5000) + "\n", true, false, Array.Empty<uint>(),
        new[] { 0u },
        new[] { 4u, 4u }, new[] { 1, -2 }, new[] { float.NaN }, new[] { "a" }, new[] { true, false }, new int[5000],
    ];

    private static readonly string[] JsonKeys =
    [
        "model_type", "hidden_size", "intermediate_size", "moe_intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings", "original_max_position_embeddings",
        "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "rope_local_base_freq", "partial_rotary_factor",
        "hidden_act", "hidden_activation", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "sliding_window",
        "use_sliding_window", "max_window_layers", "layer_types", "sliding_window_pattern", "query_pre_attn_scalar",
        "attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention", "text_config", "num_local_experts",
        "num_experts", "num_experts_per_tok", "attention_bias", "torch_dtype", "quantization_config", "norm_topk_prob",
        "decoder_sparse_step", "mlp_only_layers", "global_head_dim", "num_global_key_value_heads", "per_layer_config", "attention_k_eq_v",
        "num_kv_shared_layers", "hidden_size_per_layer_input", "enable_moe_block", "top_k_experts",
    ];

    private static readonly string[] RopeKeys =
    [
        "rope_type", "type", "factor", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings",
        "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate", "short_factor", "long_factor",
        "low_freq_factor", "high_freq_factor", "full_attention", "sliding_attention",
    ];

    private static readonly string[] JsonValues =
    [
        "null", "0", "1", "3", "-1", "-7", "1.5", "4294967296", "1e19", "1e38", "1e-38", "-1e38", "1e400", "true", "false", "\"\"", "\"x\"",
        "\"" + "\\u0001" + "\"", "\"\\ud800\"", "[]", "[0]", "[4, 4]", "[1, 2]", "[null]", "[\"full_attention\"]", "{}",
        "{\"rope_type\": 3}", "[[[]]]",
    ];

    [Test]
    public void Of_a_Gguf_is_taken_or_refused_by_its_key([Values("llama", "gemma3", "gemma4", "phi3")] string architecture)
    {
        using var file = new TemporaryFile([]);
        var wrong = new List<string>();
        int taken = 0;
        foreach (string pattern in GgufKeys.Where(key => architecture == "llama" || key.StartsWith("ARCH.", StringComparison.Ordinal)))
        {
            string key = pattern.Replace("ARCH", architecture, StringComparison.Ordinal);
            foreach (object value in GgufValues)
            {
                TinyLlama model = Model(architecture);
                string shown = value is Array array ? $"{array.Length} of {value.GetType()}" : $"{value} {value.GetType().Name}";
                if (key.Contains("yarn_", StringComparison.Ordinal))
                {
                    model.Metadata[architecture + ".rope.scaling.type"] = "yarn";
                }

                model.Metadata[key] = value;
                File.WriteAllBytes(file.Path, model.ToArray());
                taken += Judge(file.Path, key, $"{key} = {shown}", wrong) ? 1 : 0;
            }
        }

        TestContext.Out.WriteLine($"{taken} are taken");
        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    [Test]
    public void Of_a_configuration_is_taken_or_refused_by_its_key(
        [Values("llama", "mistral", "qwen3", "phi3", "gemma2", "gemma3", "gemma4")] string type)
    {
        using TinyFolder folder = TinyFolder.Of(type);
        bool hasText = type is "gemma3" or "gemma4";
        if (hasText)
        {
            JsonNode text = folder.Config.DeepClone();
            folder.Config = new JsonObject { ["model_type"] = type, ["text_config"] = text };
        }

        folder.Write();
        string config = folder.Config.ToJsonString();
        var wrong = new List<string>();
        foreach (string key in JsonKeys)
        {
            foreach (string value in JsonValues)
            {
                JsonObject changed = JsonNode.Parse(config)!.AsObject();
                (hasText && key is not ("model_type" or "text_config") ? changed["text_config"]!.AsObject()
                    : changed)[key] = Placeholder;
                Judge(folder, changed, key, value, wrong);
            }
        }

        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    /// <summary>Folders of families whose keys no other has: every key that they have.</summary>
    [Test]
    public void Of_a_fixture_is_taken_or_refused_by_its_key(
        [Values("nemotron-h-moe", "granite-hybrid", "falcon-h1", "minimax-m2", "ling", "hunyuan-dense", "minicpm", "phimoe")]
        string fixture)
    {
        string from = LogitsReference.OfFixture(fixture).Path;
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(from, "model.safetensors"), folder.PathOf("model.safetensors"));
        byte[] config = PythonNumbers.ToJson(File.ReadAllBytes(Path.Combine(from, "config.json"))).ToArray();
        var wrong = new List<string>();
        foreach (string key in JsonNode.Parse(config)!.AsObject().Select(pair => pair.Key))
        {
            foreach (string value in JsonValues)
            {
                JsonObject changed = JsonNode.Parse(config)!.AsObject();
                changed[key] = Placeholder;
                File.WriteAllText(
                    folder.PathOf("config.json"), changed.ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal));
                _ = Judge(folder.FullName, key, $"{key} = {value}", wrong);
            }
        }

        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    [Test]
    public void Of_a_rotary_scaling_is_taken_or_refused_by_its_key([Values("default", "linear", "yarn", "llama3", "longrope")] string type)
    {
        using var folder = new TinyFolder();
        folder.Write();
        string config = folder.Config.ToJsonString();
        var wrong = new List<string>();
        foreach (string key in RopeKeys)
        {
            foreach (string value in JsonValues)
            {
                JsonObject changed = JsonNode.Parse(config)!.AsObject();
                JsonNode rope = JsonNode.Parse($$"""
                    {
                      "rope_type": "{{type}}", "factor": 4, "low_freq_factor": 1, "high_freq_factor": 4,
                      "original_max_position_embeddings": 64, "short_factor": [1, 1, 1, 1], "long_factor": [1, 2, 3, 4]
                    }
                    """)!;
                rope[key] = Placeholder;
                changed["rope_scaling"] = rope;
                Judge(folder, changed, key, value, wrong);
            }
        }

        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    [Test]
    public void Of_the_other_files_of_a_folder_is_taken_or_refused_by_its_key()
    {
        using var folder = new TinyFolder();
        folder.Write();
        var wrong = new List<string>();
        foreach ((string file, string[] keys) in new (string, string[])[]
        {
            ("tokenizer_config.json",
                ["bos_token", "eos_token", "pad_token", "unk_token", "add_bos_token", "add_eos_token", "chat_template",
                "added_tokens_decoder"]),
            ("generation_config.json", ["eos_token_id", "bos_token_id", "pad_token_id"]),
        })
        {
            foreach (string key in keys)
            {
                foreach (string value in (string[])[.. JsonValues, "{\"5\": {\"content\": \"x\"}}", "{\"x\": {}}", "{\"content\": \"\"}",
                    "9999", "[1, 9999, -1]"])
                {
                    folder.File(file, $$"""{"{{key}}": {{value}}}""");
                    _ = Judge(folder.Path, key, $"{file}: {key} = {value}", wrong);
                    File.Delete(Path.Combine(folder.Path, file));
                }
            }
        }

        Assert.That(wrong, Is.Empty, string.Join('\n', wrong));
    }

    private static TinyLlama Model(string architecture)
    {
        var model = new TinyLlama();
        model.Rename(architecture);
        if (architecture is "gemma4")
        {
            model.Metadata["gemma4.attention.sliding_window"] = 16u;
            model.Set("blk.0.layer_output_scale.weight", 1);
        }

        if (architecture is "gemma3" or "gemma4")
        {
            model.Set("blk.0.post_attention_norm.weight", 32);
            model.Set("blk.0.post_ffw_norm.weight", 32);
        }

        if (architecture is "gemma3" or "gemma4" or "qwen3")
        {
            model.Set("blk.0.attn_q_norm.weight", 8);
            model.Set("blk.0.attn_k_norm.weight", 8);
        }

        return model;
    }

    private static void Judge(TinyFolder folder, JsonObject config, string key, string value, List<string> wrong)
    {
        folder.File("config.json", config.ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal));
        _ = Judge(folder.Path, key, $"{key} = {value}", wrong);
    }

    /// <summary>Whether the model is taken.</summary>
    private static bool Judge(string path, string key, string what, List<string> wrong)
    {
        string? said;
        try
        {
            ModelInspection inspection = ModelInspection.Inspect(path);
            said = inspection.Unsupported;
            if (said is null && !RopeTable.Compute(inspection.Config!, 16).All(float.IsFinite))
            {
                wrong.Add($"{what}: the rotary table is not finite");
            }
        }
        catch (Exception exception) when (exception is UnsupportedModelException or ModelFormatException)
        {
            said = exception.Message;
        }
        catch (Exception exception)
        {
            wrong.Add($"{what}: {exception.GetType().Name}: {exception.Message}");
            return false;
        }

        // Half a surrogate pair is no JSON at all; sizes that tensors contradict are refused by the tensor.
        bool isNamed = said is null || said.Contains(key, StringComparison.Ordinal) || said.Contains("tensor ", StringComparison.Ordinal)
            || said.Contains("not valid JSON", StringComparison.Ordinal) || said.Contains("not valid text", StringComparison.Ordinal);
        if (!isNamed || said?.Any(char.IsControl) == true || said?.Length > 1000 || said?.Contains(path, StringComparison.Ordinal) == false)
        {
            wrong.Add($"{what}: {said}");
        }

        return said is null;
    }
}
