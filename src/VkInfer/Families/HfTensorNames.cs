namespace VkInfer.Families;

/// <summary>
/// Hugging Face's names of tensors and the ones that GGUF and the planner use, both without <c>.weight</c> or <c>.bias</c>. <c>*</c> stands
/// for the number of a layer.
/// </summary>
internal static class HfTensorNames
{
    /// <summary>A decoder with separate Q, K and V and a gated feed-forward layer, as Llama names them.</summary>
    public static IReadOnlyDictionary<string, string> Llama { get; } = new Dictionary<string, string>
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
        ["model.layers.*.input_layernorm"] = "blk.*.attn_norm",
        ["model.layers.*.self_attn.q_proj"] = "blk.*.attn_q",
        ["model.layers.*.self_attn.k_proj"] = "blk.*.attn_k",
        ["model.layers.*.self_attn.v_proj"] = "blk.*.attn_v",
        ["model.layers.*.self_attn.q_norm"] = "blk.*.attn_q_norm",
        ["model.layers.*.self_attn.k_norm"] = "blk.*.attn_k_norm",
        ["model.layers.*.self_attn.o_proj"] = "blk.*.attn_output",
        ["model.layers.*.post_attention_layernorm"] = "blk.*.ffn_norm",
        ["model.layers.*.mlp.gate_proj"] = "blk.*.ffn_gate",
        ["model.layers.*.mlp.up_proj"] = "blk.*.ffn_up",
        ["model.layers.*.mlp.down_proj"] = "blk.*.ffn_down",
    };

    /// <summary>Experts of a mixture, one by one or stacked, as most models since Qwen2-MoE name them.</summary>
    public static (string Name, string Gguf)[] Experts { get; } =
    [
        ("model.layers.*.mlp.experts.*.gate_proj", "blk.*.ffn_gate.*"),
        ("model.layers.*.mlp.experts.*.up_proj", "blk.*.ffn_up.*"),
        ("model.layers.*.mlp.experts.*.down_proj", "blk.*.ffn_down.*"),
        ("model.layers.*.mlp.experts.gate_up_proj", "blk.*.ffn_gate_up_exps"),
        ("model.layers.*.mlp.experts.down_proj", "blk.*.ffn_down_exps"),
    ];

    /// <summary>Router and experts as Mixtral's models and their heirs name them, before transformers 5 and since.</summary>
    public static (string Name, string Gguf)[] SparseExperts { get; } =
    [
        ("model.layers.*.block_sparse_moe.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.block_sparse_moe.experts.*.w1", "blk.*.ffn_gate.*"),
        ("model.layers.*.block_sparse_moe.experts.*.w3", "blk.*.ffn_up.*"),
        ("model.layers.*.block_sparse_moe.experts.*.w2", "blk.*.ffn_down.*"),
        ("model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"),
        .. Experts,
    ];

    /// <summary>Experts for all tokens, as DeepSeek names them.</summary>
    public static (string Name, string Gguf)[] SharedExperts { get; } =
    [
        ("model.layers.*.mlp.shared_experts.gate_proj", "blk.*.ffn_gate_shexp"),
        ("model.layers.*.mlp.shared_experts.up_proj", "blk.*.ffn_up_shexp"),
        ("model.layers.*.mlp.shared_experts.down_proj", "blk.*.ffn_down_shexp"),
    ];

    /// <summary>Names with others added, or in their place.</summary>
    public static IReadOnlyDictionary<string, string> With(this IReadOnlyDictionary<string, string> names,
        params (string Name, string Gguf)[] others)
    {
        var all = new Dictionary<string, string>(names);
        foreach ((string name, string gguf) in others)
        {
            all[name] = gguf;
        }

        return all;
    }
}
