using System.Runtime.InteropServices;
using VkInfer.Formats;
using VkInfer.Formats.Tests;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>What GGUF says of Gemma 4 beside the usual keys, as llama.cpp's converter writes it.</summary>
internal static class Gemma4Keys
{
    private const string Prefix = "gemma4.";

    /// <summary>Adds the keys, and the tensor that keeps pairs from turning.</summary>
    public static void Add(GgufWriter writer, ModelConfig shape)
    {
        HeadShape[] heads = [.. shape.Attention.Select(attention => attention.HeadsIn(shape))];
        HeadShape windowed = heads[shape.Windows.ToList().FindIndex(window => window > 0)];
        FolderAsGguf.AddIntegers(writer, Prefix + "attention.head_count_kv", [.. heads.Select(head => head.KvCount)]);
        FolderAsGguf.AddIntegers(
            writer, Prefix + "attention.sliding_window_pattern", [.. shape.Windows.Select(window => window > 0 ? 1 : 0)]);
        writer.Add(Prefix + "attention.shared_kv_layers", 0u);
        writer.Add(Prefix + "embedding_length_per_layer_input", 0u);
        writer.Add(Prefix + "attention.key_length_swa", (uint)windowed.Dim);
        writer.Add(Prefix + "attention.value_length_swa", (uint)windowed.Dim);
        writer.Add(Prefix + "rope.dimension_count_swa", (uint)windowed.RotaryDim);
        writer.Add(Prefix + "rope.freq_base_swa", shape.WindowedRopeTheta!.Value);
        writer.Add(Prefix + "final_logit_softcapping", shape.LogitSoftCap);
        float[] factors = [.. ((RopeFrequencyFactors)shape.RopeScaling!).Factors];
        writer.AddTensor("rope_freqs.weight", GgufTensorType.F32, [(ulong)factors.Length], MemoryMarshal.AsBytes(factors.AsSpan()).ToArray());
    }
}
