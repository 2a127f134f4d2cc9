namespace VkInfer.Proof;

/// <summary>The shape of a tensor as a configuration has it.</summary>
internal static class WideShape
{
    /// <summary>Rows and columns; a vector has one row.</summary>
    /// <param name="name">GGUF's name of the tensor, <c>blk.0.attn_q.weight</c>.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="hasGates">Whether the feed-forward layer has its gate in a matrix of its own.</param>
    public static (int Rows, int Columns) Of(string name, ModelConfig config, bool hasGates)
    {
        string[] parts = name.Split('.');
        string layer = parts[0] == "blk" ? parts[2] : parts[0];
        if (layer.EndsWith("norm", StringComparison.Ordinal))
        {
            return (1, layer is "attn_q_norm" or "attn_k_norm" ? config.HeadDim : config.HiddenSize);
        }

        (int rows, int columns) = layer switch
        {
            "token_embd" or "output" => (config.VocabSize, config.HiddenSize),
            "position_embd" => (config.PositionRows, config.HiddenSize),
            "attn_q" => (config.QuerySize, config.HiddenSize),
            "attn_k" or "attn_v" => (config.KvSize, config.HiddenSize),
            "attn_qkv" => (config.QkvSize, config.HiddenSize),
            "attn_output" => (config.HiddenSize, config.QuerySize),
            "ffn_gate_inp" => (config.NumExperts, config.HiddenSize),
            "ffn_gate" => (config.IntermediateSize, config.HiddenSize),
            "ffn_up" => (hasGates ? config.IntermediateSize : config.UpSize, config.HiddenSize),
            "ffn_down" => (config.HiddenSize, config.IntermediateSize),
            _ => throw new ArgumentException($"{name}: no shape is known for it.", nameof(name)),
        };
        return parts[^1] == "bias" ? (1, rows) : (rows, columns);
    }
}
