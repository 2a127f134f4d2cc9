using System.Runtime.InteropServices;
using System.Text;
using VkInfer.Formats;
using VkInfer.Formats.Tests;

namespace VkInfer.Tests.Hostile;

/// <summary>A valid Llama of one layer and 264 tokens, in parts that a test may change before the file is written.</summary>
internal sealed class TinyLlama
{
    private const int Hidden = 32;
    private const int QuerySize = 32;
    private const int KvSize = 16;
    private const int Intermediate = 64;

    public const int VocabSize = 264;

    public TinyLlama()
    {
        string[] tokens =
        [
            "<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "\u2581", "a", "b", "ab", "\u2581a",
        ];
        Metadata = new()
        {
            ["general.architecture"] = "llama",
            ["llama.context_length"] = 256u,
            ["llama.embedding_length"] = (uint)Hidden,
            ["llama.feed_forward_length"] = (uint)Intermediate,
            ["llama.block_count"] = 1u,
            ["llama.attention.head_count"] = 4u,
            ["llama.attention.head_count_kv"] = 2u,
            ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
            ["llama.rope.freq_base"] = 10000f,
            ["llama.rope.dimension_count"] = 8u,
            ["llama.vocab_size"] = (uint)VocabSize,
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = tokens,
            ["tokenizer.ggml.scores"] = tokens.Select((_, id) => -(float)id).ToArray(),
            ["tokenizer.ggml.token_type"] = tokens.Select((_, id) => id == 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1).ToArray(),
            ["tokenizer.ggml.bos_token_id"] = 1u,
            ["tokenizer.ggml.eos_token_id"] = 2u,
        };
        Set("token_embd.weight", Hidden, VocabSize);
        Set("output_norm.weight", Hidden);
        Set("blk.0.attn_norm.weight", Hidden);
        Set("blk.0.attn_q.weight", Hidden, QuerySize);
        Set("blk.0.attn_k.weight", Hidden, KvSize);
        Set("blk.0.attn_v.weight", Hidden, KvSize);
        Set("blk.0.attn_output.weight", QuerySize, Hidden);
        Set("blk.0.ffn_norm.weight", Hidden);
        Set("blk.0.ffn_gate.weight", Hidden, Intermediate);
        Set("blk.0.ffn_up.weight", Hidden, Intermediate);
        Set("blk.0.ffn_down.weight", Intermediate, Hidden);
    }

    public Dictionary<string, object> Metadata { get; }

    public Dictionary<string, (uint Type, ulong[] Dimensions, byte[] Data)> Tensors { get; } = [];

    /// <summary>Sets a float32 tensor; the contiguous dimension first.</summary>
    public void Set(string name, params ulong[] dimensions)
    {
        float[] values = new float[dimensions.Aggregate(1UL, (product, size) => product * size)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ((((i * 7919) + name.Length) % 97) - 48) * 0.005f;
        }

        SetValues(name, values, dimensions);
    }

    /// <summary>Makes another architecture of it whose tensors are a Llama's.</summary>
    public void Rename(string architecture)
    {
        foreach (string key in Metadata.Keys.Where(key => key.StartsWith("llama.", StringComparison.Ordinal)).ToArray())
        {
            Metadata.Remove(key, out object? value);
            Metadata[architecture + key["llama".Length..]] = value!;
        }

        Metadata["general.architecture"] = architecture;
    }

    /// <summary>Adds a layer like the first, with what a test has added to that.</summary>
    public void AddSecondLayer()
    {
        foreach (string name in Tensors.Keys.Where(name => name.StartsWith("blk.0.", StringComparison.Ordinal)).ToArray())
        {
            Tensors["blk.1." + name["blk.0.".Length..]] = Tensors[name];
        }

        foreach (string key in Metadata.Keys.Where(key => key.EndsWith(".block_count", StringComparison.Ordinal)).ToArray())
        {
            Metadata[key] = 2u;
        }
    }

    /// <summary>Sets a float32 tensor with these values.</summary>
    public void SetValues(string name, float[] values, params ulong[] dimensions) =>
        Tensors[name] = ((uint)GgufTensorType.F32, dimensions, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public byte[] ToArray()
    {
        var writer = new GgufWriter();
        foreach ((string key, object value) in Metadata)
        {
            writer.Add(key, value);
        }

        foreach ((string name, (uint type, ulong[] dimensions, byte[] data)) in Tensors)
        {
            writer.AddTensor(Encoding.UTF8.GetBytes(name), type, dimensions, data);
        }

        return writer.ToArray();
    }
}
