using VkInfer.Formats;
using static VkInfer.Tests.Hostile.HostileCase;

namespace VkInfer.Tests.Hostile;

/// <summary>Tensors that are missing, too many, or of another shape or type.</summary>
internal static class HostileWeights
{
    public static IEnumerable<TestCaseData> Cases()
    {
        foreach (string name in new TinyLlama().Tensors.Keys)
        {
            yield return Of($"no {name}", model => model.Tensors.Remove(name), name, "missing");
        }

        yield return Shape("token_embd.weight", 64, TinyLlama.VocabSize);
        yield return Shape("blk.0.attn_q.weight", 32, 31);
        yield return Shape("blk.0.attn_k.weight", 32, 32);
        yield return Shape("blk.0.attn_v.weight", 16, 32);
        yield return Shape("blk.0.attn_output.weight", 32, 32, 2);
        yield return Shape("blk.0.ffn_down.weight", 32, 64);
        yield return Shape("blk.0.ffn_norm.weight", 31);
        yield return Shape("blk.0.attn_norm.weight", 32, 2);
        yield return Shape("output_norm.weight", 1, 32);
        yield return Shape("output.weight", 32, TinyLlama.VocabSize + 1);
        yield return Shape("rope_freqs.weight", 8);
        foreach (string extra in new[] { "blk.0.attn_q_norm.weight", "blk.1.attn_norm.weight", "blk.0.ffn_gate_exps.weight",
            "v.patch_embd.weight" })
        {
            yield return Of($"with {extra}", model => model.Set(extra, 32), extra, "would be ignored");
        }

        yield return Shape("blk.0.attn_q.bias", 31);
        yield return Shape("blk.0.attn_output.bias", 31);
        foreach (string name in new[] { "token_embd.weight", "blk.0.attn_k.weight", "blk.0.attn_norm.weight" })
        {
            yield return Of(
                $"{name} of Q8_1",
                model =>
                {
                    ulong[] dimensions = model.Tensors[name].Dimensions;
                    ulong rows = dimensions.Length > 1 ? dimensions[1] : 1;
                    model.Tensors[name] = ((uint)GgufTensorType.Q8_1, dimensions, new byte[36 * rows]);
                },
                name, "Q8_1", "Q8_0");
        }

        foreach (float factor in new[] { 0f, -1f, float.NaN, float.PositiveInfinity })
        {
            yield return Of(
                FormattableString.Invariant($"frequency factor {factor}"),
                model => model.SetValues("rope_freqs.weight", [1, 1, factor, 1], 4),
                "rope_freqs.weight", "at 2");
        }
    }

    private static TestCaseData Shape(string name, params ulong[] dimensions) =>
        Of($"{name} of {string.Join(" x ", dimensions.Reverse())}", model => model.Set(name, dimensions), name,
            string.Join(" x ", dimensions.Reverse()));
}
