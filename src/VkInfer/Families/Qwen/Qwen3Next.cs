using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Loading;

namespace VkInfer.Families;

/// <summary>
/// Qwen3-Next: the blocks of Qwen3.5's mixtures, with rates that stand together by key head; in folders queries, keys, values and gates
/// do so, too.
/// </summary>
internal sealed class Qwen3Next : ModelFamily
{
    private const string Fused = ".ssm_in.weight";

    public override string Architecture => "qwen3next";

    public override IReadOnlyList<string> HfModelTypes => ["qwen3_next"];

    public override float HfNormOffset => 1;

    public override IReadOnlyDictionary<string, string> HfTensorNames { get; } =
        Families.HfTensorNames.Llama.With(Qwen35.Names).With(Qwen35Moe.Names).With(
            ("model.layers.*.linear_attn.in_proj_qkvz", "blk.*.ssm_in"),
            ("model.layers.*.linear_attn.in_proj_ba", "blk.*.ssm_ba"));

    public override bool IsLeftOut(string name) => base.IsLeftOut(name) || Qwen35.IsOfOtherParts(name);

    public override bool IsOffset(string name) => Qwen35.IsGainOffset(name);

    public override HfTensorForm? FormOf(GgufTensor tensor) => Qwen35.DecayForm(tensor);

    /// <summary>Queries, keys, values and gates of each key head in turn, to all queries, keys and values, and all gates.</summary>
    public override IReadOnlyList<HfTensorForm> Split(GgufTensor tensor, HfJson config)
    {
        int Count(string key, int fallback) => config.TryInt(key, ModelLimits.MaxWidth) ?? fallback;
        (int keyHeads, int keyDim) = (Count("linear_num_key_heads", 16), Count("linear_key_head_dim", 128));
        int values = Count("linear_num_value_heads", 32) / keyHeads * Count("linear_value_head_dim", 128);
        int each = 2 * (keyDim + values);
        if (!tensor.Name.EndsWith(Fused, StringComparison.Ordinal) || tensor.Rows != (long)keyHeads * each)
        {
            return [];
        }

        IEnumerable<int> Of(int first, int count) =>
            Enumerable.Range(0, keyHeads).SelectMany(head => Enumerable.Range((head * each) + first, count));
        HfRowsForm Rows(string name, IEnumerable<int> rows) =>
            new(tensor, tensor.Name.Replace(Fused, name, StringComparison.Ordinal), [.. rows]);
        return
        [
            Rows(".attn_qkv.weight", Of(0, keyDim).Concat(Of(keyDim, keyDim)).Concat(Of(2 * keyDim, values))),
            Rows(".attn_gate.weight", Of((2 * keyDim) + values, values)),
        ];
    }

    public override ModelConfig Describe(GgufConfigReader gguf) => Qwen35Moe.WithExperts(
        gguf, Qwen35.Adapt(gguf, gguf.ReadShape(hasExpertWidth: true), isTiled: false, interleavesRates: true));

    public override ModelConfig Describe(HfConfigReader config)
    {
        HfJson json = config.Json;
        ModelConfig shape = Qwen35.Adapt(config, config.ReadShape(Architecture, Defaults), interleavesRates: true);
        return MixtureLayers.Compose(
            shape, Qwen35Moe.Mixture(config, json.TryBool("norm_topk_prob") ?? true), MixtureLayers.DenseBySteps(json, shape.NumLayers),
            () => json.TryInt("intermediate_size", ModelLimits.MaxWidth) ?? 5632);
    }

    private static HfDefaults Defaults { get; } = Qwen35Moe.Defaults with
    {
        VocabSize = 151936,
        NumLayers = 48,
        NumExperts = 512,
        NumExpertsPerToken = 10,
    };
}
