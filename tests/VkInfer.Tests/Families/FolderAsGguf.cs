using System.Globalization;
using System.Text.Json.Nodes;
using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Formats.Tests;
using VkInfer.Loading;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>
/// A fixture's folder as the GGUF file that llama.cpp's converter makes of it: its keys, and rows of Q and K in its order.
/// </summary>
internal static class FolderAsGguf
{
    private static readonly string[] Permuted = ["granite", "granitemoe", "granitehybrid", "smollm3", "mistral3", "minicpm"];

    /// <summary>GGUF's key, and the field of <c>config.json</c> it is from.</summary>
    private static readonly (string Key, string Field)[] Counts =
    [
        ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"), ("feed_forward_length", "intermediate_size"),
        ("block_count", "num_hidden_layers"), ("attention.head_count", "num_attention_heads"),
        ("attention.head_count_kv", "num_key_value_heads"), ("attention.sliding_window", "sliding_window"),
        ("expert_count", "num_local_experts"), ("expert_used_count", "num_experts_per_tok"), ("expert_count", "moe_num_experts"),
        ("expert_count", "num_experts"), ("expert_shared_feed_forward_length", "shared_expert_intermediate_size"),
        ("expert_shared_feed_forward_length", "moe_shared_expert_intermediate_size"),
        ("expert_used_count", "moe_k"), ("expert_used_count", "top_k_experts"), ("expert_feed_forward_length", "moe_intermediate_size"),
        ("expert_shared_feed_forward_length", "shared_intermediate_size"), ("leading_dense_block_count", "moe_layer_start_index"),
        ("leading_dense_block_count", "num_dense_layers"), ("leading_dense_block_count", "first_k_dense_replace"),
        ("expert_count", "n_routed_experts"),
        ("interleave_moe_layer_step", "moe_layer_interval"), ("attention.key_length", "head_dim"), ("attention.value_length", "head_dim"),
    ];

    private static readonly (string Key, string Field)[] Numbers =
    [
        ("attention.layer_norm_rms_epsilon", "norm_eps"), ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
        ("attention.layer_norm_epsilon", "layer_norm_eps"), ("attention.layer_norm_epsilon", "norm_epsilon"),
        ("attention.layer_norm_rms_epsilon", "layer_norm_epsilon"), ("embedding_scale", "embedding_multiplier"),
        ("residual_scale", "residual_multiplier"), ("attention.scale", "attention_multiplier"), ("logit_scale", "logits_scaling"),
        ("logit_scale", "logit_scale"), ("expert_weights_scale", "routed_scaling_factor"),
    ];

    /// <summary>Writes the file.</summary>
    /// <param name="folder">The fixture.</param>
    /// <param name="architecture">GGUF's name of its family.</param>
    /// <param name="path">Where to.</param>
    public static void Write(string folder, string architecture, string path)
    {
        byte[] json = PythonNumbers.ToJson(File.ReadAllBytes(Path.Combine(folder, "config.json"))).ToArray();
        JsonObject config = JsonNode.Parse(json)!.AsObject();
        using ModelSource source = ModelSource.Open(folder);
        ModelConfig shape = source.ReadConfig();
        var writer = new GgufWriter();
        writer.Add("general.architecture", architecture);
        writer.Add("tokenizer.ggml.model", "no_vocab");
        writer.Add($"{architecture}.vocab_size", (uint)shape.VocabSize);
        config["num_hidden_layers"] ??= shape.NumLayers;
        Mamba2Recipe? mamba = shape.Mixers.OfType<Mamba2Recipe>().FirstOrDefault();
        if (architecture == "gemma4")
        {
            config["head_dim"] = shape.HeadDim;
        }
        else if (architecture == "deepseek2")
        {
            config["first_k_dense_replace"] = shape.Layers.TakeWhile(layer => layer.FeedForward is DenseRecipe).Count();
        }

        foreach ((string key, string field) in Counts.Where(pair => config[pair.Field] is not null))
        {
            if (((architecture.StartsWith("lfm2", StringComparison.Ordinal) || architecture is "gemma4" or "deepseek2" || mamba is not null)
                    && field == "num_key_value_heads")
                || (field == "intermediate_size" && Mamba2Keys.HasSingleBlocks(architecture)))
            {
                continue; // One for each layer, or for all, below.
            }

            if (architecture == "gemma4" && field == "intermediate_size")
            {
                continue; // Likewise.
            }

            writer.Add($"{architecture}.{key}", (uint)config[field]!.GetValue<int>());
        }

        foreach ((string key, string field) in Numbers.Where(pair => config[pair.Field] is not null).DistinctBy(pair => pair.Key))
        {
            if (architecture != "falcon-h1" || field == "rms_norm_eps")
            {
                writer.Add($"{architecture}.{key}", config[field]!.GetValue<float>()); // The other's weights have its factors.
            }
        }

        if (config["moe_num_shared_experts"] is { } shared)
        {
            writer.Add(
                $"{architecture}.expert_shared_feed_forward_length",
                (uint)(shared.GetValue<int>() * config["moe_intermediate_size"]!.GetValue<int>()));
        }

        if (architecture is "gpt-oss" or "minimax-m2")
        {
            writer.Add($"{architecture}.expert_feed_forward_length", (uint)shape.IntermediateSize);
        }

        if (architecture == "minicpm")
        {
            writer.Add("minicpm.embedding_scale", shape.EmbeddingScale);
            writer.Add("minicpm.residual_scale", shape.ResidualScale);
            writer.Add("minicpm.logit_scale", 1 / shape.LogitScale);
        }

        AddRope(writer, architecture, config, shape);
        if (architecture is "deepseek2" or "glm4moe" or "nemotron_h_moe" or "bailingmoe2" or "minimax-m2")
        {
            DeepSeekKeys.Add(writer, architecture, config, shape);
        }

        if (architecture == "gemma4")
        {
            Gemma4Keys.Add(writer, shape);
        }

        if (shape.Layers.Select(layer => layer.Mixer).OfType<ShortConvRecipe>().FirstOrDefault() is { } convolution)
        {
            writer.Add($"{architecture}.shortconv.l_cache", (uint)convolution.Taps);
            AddIntegers(
                writer, $"{architecture}.attention.head_count_kv",
                [.. shape.Layers.Select(layer => layer.Mixer is ShortConvRecipe ? 0 : shape.NumKvHeads)]);
        }

        if (mamba is not null)
        {
            Mamba2Keys.Add(writer, architecture, shape, mamba);
        }

        GatedDeltaRecipe? delta = shape.Layers.Select(layer => layer.Mixer).OfType<GatedDeltaRecipe>().FirstOrDefault();
        if (delta is not null)
        {
            AddDelta(writer, architecture, shape, delta);
        }

        var experts = new Dictionary<(string Layer, string Part), (GgufTensor First, List<byte[]> Data)>();
        foreach (GgufTensor tensor in source.Weights.Tensors)
        {
            byte[] data = source.Weights.GetTensorData(tensor, 0, checked((int)tensor.ByteSize));
            data = architecture.StartsWith("qwen35", StringComparison.Ordinal) && IsRecurrent(shape, tensor)
                ? TiledHeads.Reorder(delta!, tensor, data)
                : data;
            bool isPermuted = Permuted.Contains(architecture) && tensor.Name.Split('.') is ["blk", _, "attn_q" or "attn_k", ..];
            data = architecture == "falcon-h1" ? Mamba2Keys.Scaled(config, tensor, data) : data;
            if (architecture == "gemma4" && Gemma4Keys.TryAddFused(writer, source.Weights, tensor))
            {
                continue;
            }

            if (tensor.Name.EndsWith(".ffn_up_shexp.weight", StringComparison.Ordinal) && config["shared_intermediate_size"] is not null)
            {
                AddHalves(writer, tensor, data);
                continue;
            }

            if (tensor.Name.Split('.') is [_, _, var part and not "shortconv", _, "weight"])
            {
                // Experts one by one: their rows one behind another.
                experts.TryAdd((tensor.Name.Split('.')[1], part), (tensor, []));
                experts[(tensor.Name.Split('.')[1], part)].Data.Add(data);
                continue;
            }

            if (tensor.Name.Split('.') is [_, _, "attn_k_b" or "attn_v_b", _])
            {
                ulong heads = (ulong)shape.NumHeads;
                writer.AddTensor(tensor.Name, tensor.Type, [(ulong)tensor.Columns, (ulong)tensor.Rows / heads, heads], data);
                continue;
            }

            ulong[]? ofMamba = mamba is null ? null : Mamba2Keys.Dimensions(mamba, tensor);
            writer.AddTensor(
                architecture == "falcon-h1" ? Mamba2Keys.NameOfFalcon(tensor.Name) : tensor.Name, tensor.Type,
                ofMamba ?? [.. tensor.Dimensions.Where((size, i) => i == 0 || size > 1).Select(size => (ulong)size)],
                isPermuted ? Permute(data, shape.HeadDim, checked((int)tensor.RowBytes)) : data);
        }

        foreach (((string layer, string part), (GgufTensor first, List<byte[]> data)) in experts)
        {
            writer.AddTensor(
                $"blk.{layer}.{part}_exps.weight", first.Type, [(ulong)first.Columns, (ulong)first.Rows, (ulong)data.Count],
                [.. data.SelectMany(bytes => bytes)]);
        }

        File.WriteAllBytes(path, writer.ToArray());
    }

    /// <summary>Gate and up, which a folder has in one tensor.</summary>
    private static void AddHalves(GgufWriter writer, GgufTensor tensor, byte[] data)
    {
        ulong[] dimensions = [(ulong)tensor.Columns, (ulong)tensor.Rows / 2];
        string gate = tensor.Name.Replace("ffn_up", "ffn_gate", StringComparison.Ordinal);
        writer.AddTensor(gate, tensor.Type, dimensions, data[..(data.Length / 2)]);
        writer.AddTensor(tensor.Name, tensor.Type, dimensions, data[(data.Length / 2)..]);
    }

    private static bool IsRecurrent(ModelConfig shape, GgufTensor tensor) => tensor.Name.Split('.') is ["blk", var layer, ..]
        && shape.Layers[int.Parse(layer, CultureInfo.InvariantCulture)].Mixer is GatedDeltaRecipe;

    private static void AddDelta(GgufWriter writer, string architecture, ModelConfig shape, GatedDeltaRecipe delta)
    {
        writer.Add($"{architecture}.ssm.conv_kernel", (uint)delta.Taps);
        writer.Add($"{architecture}.ssm.state_size", (uint)delta.Shape.KeyDim);
        writer.Add($"{architecture}.ssm.group_count", (uint)delta.Shape.KeyHeads);
        writer.Add($"{architecture}.ssm.time_step_rank", (uint)delta.Shape.ValueHeads);
        writer.Add($"{architecture}.ssm.inner_size", (uint)delta.Shape.ValueWidth);
        AddIntegers(writer, $"{architecture}.rope.dimension_sections", [1, 1, 0, 0]);
        AddIntegers(
            writer, $"{architecture}.attention.recurrent_layers",
            [.. shape.Layers.Select(layer => layer.Mixer is GatedDeltaRecipe ? 1 : 0)]);
    }

    /// <summary>A key with an integer for each layer.</summary>
    public static void AddIntegers(GgufWriter writer, string key, int[] values)
    {
        const uint ArrayType = 9, IntegerType = 5;
        writer.AddRaw(key, ArrayType, GgufWriter.Array(IntegerType, (ulong)values.Length, [.. values.Select(BitConverter.GetBytes)]));
    }

    private static void AddRope(GgufWriter writer, string architecture, JsonObject config, ModelConfig shape)
    {
        if (shape.RotaryDim == 0)
        {
            return;
        }

        writer.Add($"{architecture}.rope.dimension_count", (uint)shape.RotaryDim);
        writer.Add($"{architecture}.rope.freq_base", shape.RopeTheta);
        JsonObject rope = config["rope_parameters"]?.AsObject() ?? [];
        rope = rope["full_attention"]?.AsObject() ?? rope;
        if (shape.RopeScaling is LongRopeScaling factors)
        {
            writer.Add($"{architecture}.rope.scaling.type", "longrope");
            writer.Add($"{architecture}.rope.scaling.original_context_length", (uint)factors.OriginalContextLength);
            writer.Add($"{architecture}.rope.scaling.attn_factor", factors.AttentionFactor);
            AddFactors(writer, "rope_factors_long.weight", factors.LongFactors);
            AddFactors(writer, "rope_factors_short.weight", factors.ShortFactors);
        }

        if (shape.RopeScaling is not YarnRopeScaling yarn)
        {
            return;
        }

        writer.Add($"{architecture}.rope.scaling.type", "yarn");
        writer.Add($"{architecture}.rope.scaling.factor", yarn.Factor);
        writer.Add($"{architecture}.rope.scaling.original_context_length", (uint)yarn.OriginalContextLength);
        if (rope["mscale_all_dim"] is { } weight)
        {
            writer.Add($"{architecture}.rope.scaling.yarn_log_multiplier", weight.GetValue<float>());
        }

        if (rope["llama_4_scaling_beta"] is { } beta)
        {
            writer.Add($"{architecture}.attention.temperature_scale", beta.GetValue<float>());
        }
    }

    private static void AddFactors(GgufWriter writer, string name, IReadOnlyList<float> factors) => writer.AddTensor(
        name, GgufTensorType.F32, [(ulong)factors.Count], [.. factors.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Halves of a head to neighbours.</summary>
    private static byte[] Permute(byte[] data, int headDim, int rowBytes)
    {
        byte[] result = new byte[data.Length];
        for (int row = 0; row < data.Length / rowBytes; row++)
        {
            int inHead = row % headDim;
            int from = row - inHead + (inHead % 2 * (headDim / 2)) + (inHead / 2);
            data.AsSpan(from * rowBytes, rowBytes).CopyTo(result.AsSpan(row * rowBytes));
        }

        return result;
    }
}
