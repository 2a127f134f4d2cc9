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
        writer.Add(Prefix + "attention.shared_kv_layers", (uint)shape.Attention.Count(attention => attention.KvLayer is not null));
        writer.Add(Prefix + "embedding_length_per_layer_input", (uint)shape.PerLayerSize);
        FolderAsGguf.AddIntegers(writer, Prefix + "feed_forward_length", [.. shape.Layers.Select(layer => layer.FeedForward switch
        {
            MixtureRecipe mixture => mixture.Shared!.WidthIn(shape),
            DenseRecipe dense => dense.WidthIn(shape),
            _ => 0,
        })]);
        writer.Add(Prefix + "attention.key_length_swa", (uint)windowed.Dim);
        writer.Add(Prefix + "attention.value_length_swa", (uint)windowed.Dim);
        writer.Add(Prefix + "rope.dimension_count_swa", (uint)windowed.RotaryDim);
        writer.Add(Prefix + "rope.freq_base_swa", shape.WindowedRopeTheta!.Value);
        writer.Add(Prefix + "final_logit_softcapping", shape.LogitSoftCap);
        float[] factors = [.. ((RopeFrequencyFactors)shape.RopeScaling!).Factors];
        writer.AddTensor("rope_freqs.weight", GgufTensorType.F32, [(ulong)factors.Length], MemoryMarshal.AsBytes(factors.AsSpan()).ToArray());
    }

    /// <summary>Gates and ups of experts in one tensor, an expert's behind one another.</summary>
    /// <returns>Whether the tensor is one of these.</returns>
    public static bool TryAddFused(GgufWriter writer, IWeightSource weights, GgufTensor tensor)
    {
        const string Gates = ".ffn_gate_exps.weight", Ups = ".ffn_up_exps.weight", Both = ".ffn_gate_up_exps.weight";
        if (!tensor.Name.EndsWith(Gates, StringComparison.Ordinal))
        {
            return tensor.Name.EndsWith(Ups, StringComparison.Ordinal);
        }

        weights.TryGetTensor(tensor.Name.Replace(Gates, Ups, StringComparison.Ordinal), out GgufTensor? ups);
        int size = checked((int)(tensor.ByteSize / tensor.Dimensions[2]));
        IEnumerable<byte[]> Experts(GgufTensor part) => weights.GetTensorData(part, 0, checked((int)part.ByteSize)).Chunk(size);
        writer.AddTensor(
            tensor.Name.Replace(Gates, Both, StringComparison.Ordinal), tensor.Type,
            [(ulong)tensor.Columns, 2 * (ulong)tensor.Dimensions[1], (ulong)tensor.Dimensions[2]],
            [.. Experts(tensor).Zip(Experts(ups!), (gate, up) => gate.Concat(up)).SelectMany(expert => expert)]);
        return true;
    }
}
