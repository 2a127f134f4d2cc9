using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using VkInfer.Formats;
using VkInfer.Formats.Tests;
using VkInfer.Recipes;

namespace VkInfer.Tests.Families;

/// <summary>What GGUF says of Mamba-2, and of layers of one block, as llama.cpp's converter writes it.</summary>
internal static class Mamba2Keys
{
    /// <summary>Adds the keys.</summary>
    public static void Add(GgufWriter writer, string architecture, ModelConfig shape, Mamba2Recipe mamba)
    {
        writer.Add($"{architecture}.ssm.conv_kernel", (uint)mamba.Taps);
        writer.Add($"{architecture}.ssm.state_size", (uint)mamba.Shape.StateDim);
        writer.Add($"{architecture}.ssm.group_count", (uint)mamba.Shape.Groups);
        writer.Add($"{architecture}.ssm.time_step_rank", (uint)mamba.Shape.Heads);
        writer.Add($"{architecture}.ssm.inner_size", (uint)mamba.Shape.InnerWidth);
        FolderAsGguf.AddIntegers(
            writer, $"{architecture}.attention.head_count_kv",
            [.. shape.Layers.Select(layer => layer.Mixers.OfType<AttentionRecipe>().Any() ? shape.NumKvHeads : 0)]);
        if (architecture == "granitehybrid")
        {
            writer.Add($"{architecture}.rope.scaling.finetuned", shape.Attention.First().IsRotated);
        }

        if (HasSingleBlocks(architecture))
        {
            FolderAsGguf.AddIntegers(
                writer, $"{architecture}.feed_forward_length",
                [.. shape.Layers.Select(layer => layer.FeedForward switch
                {
                    DenseRecipe dense => dense.WidthIn(shape),
                    MixtureRecipe => shape.IntermediateSize,
                    _ => 0,
                })]);
        }
    }

    /// <summary>A tensor of a Falcon-H1 folder, float32, with the factors that are not in its weights yet.</summary>
    public static byte[] Scaled(JsonObject config, GgufTensor tensor, byte[] data)
    {
        float Of(string key) => config[key]!.GetValue<float>();
        float input = Of("attention_in_multiplier");
        float factor = tensor.Name switch
        {
            "token_embd.weight" => Of("embedding_multiplier"),
            "output.weight" => Of("lm_head_multiplier"),
            _ when tensor.Name.EndsWith(".attn_q.weight", StringComparison.Ordinal) => input,
            _ when tensor.Name.EndsWith(".attn_k.weight", StringComparison.Ordinal) => input * Of("key_multiplier"),
            _ => 1,
        };
        return [.. MemoryMarshal.Cast<byte, float>(data).ToArray().SelectMany(value => BitConverter.GetBytes(factor * value))];
    }

    /// <summary>A tensor's name in Falcon-H1's files, in which one has no suffix.</summary>
    public static string NameOfFalcon(string name) => name.Replace(".ffn_norm.weight", ".ffn_norm", StringComparison.Ordinal);

    /// <summary>Whether layers have widths of their own.</summary>
    public static bool HasSingleBlocks(string architecture) => architecture.StartsWith("nemotron_h", StringComparison.Ordinal);

    /// <summary>A tensor's dimensions: a row for each head or group.</summary>
    public static ulong[]? Dimensions(Mamba2Recipe mamba, GgufTensor tensor) => tensor.Name.Split('.') switch
    {
        [_, _, "ssm_a" or "ssm_d"] => [1, (ulong)mamba.Shape.Heads],
        [_, _, "ssm_norm", _] => [(ulong)(mamba.Shape.InnerWidth / mamba.Shape.Groups), (ulong)mamba.Shape.Groups],
        _ => null,
    };
}
