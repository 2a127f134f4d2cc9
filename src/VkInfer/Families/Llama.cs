using VkInfer.Configuration;

namespace VkInfer.Families;

/// <summary>Llama 1 to 3; Mistral, whose queries see a window of positions; Mixtral, a mixture of experts.</summary>
internal sealed class Llama : ModelFamily
{
    public override string Architecture => "llama";

    public override IReadOnlyList<string> HfModelTypes => ["llama", "mistral", "mixtral"];

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } = Families.HfTensorNames.Llama.With(
        ("model.layers.*.block_sparse_moe.gate", "blk.*.ffn_gate_inp"),
        ("model.layers.*.block_sparse_moe.experts.*.w1", "blk.*.ffn_gate.*"),
        ("model.layers.*.block_sparse_moe.experts.*.w3", "blk.*.ffn_up.*"),
        ("model.layers.*.block_sparse_moe.experts.*.w2", "blk.*.ffn_down.*"));

    public override ModelConfig Describe(GgufConfigReader gguf)
    {
        ModelConfig shape = gguf.ReadShape();
        return shape with { Windows = ModelConfig.UniformWindows(shape.NumLayers, gguf.Window) };
    }
}
