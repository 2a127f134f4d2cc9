using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using VkInfer.Testing;
using VkInfer.Tests.Families;

namespace VkInfer.Tests.Metadata;

/// <summary>
/// A valid Hugging Face folder of a Llama of two layers and 300 tokens, in parts that a test may change before it is written: the
/// configuration, the names of tensors, and files beside them.
/// </summary>
internal sealed class TinyFolder : IDisposable
{
    public const int VocabSize = 300;
    private const int Hidden = 32;
    private const int Layers = 2;

    private readonly TemporaryFolder _folder = new TemporaryFolder();

    public TinyFolder(string modelType = "llama")
    {
        Config = JsonNode.Parse($$"""
            {
              "model_type": "{{modelType}}", "hidden_size": {{Hidden}}, "intermediate_size": 48, "num_hidden_layers": {{Layers}},
              "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": {{VocabSize}},
              "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
              "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2
            }
            """)!.AsObject();
        Add("model.embed_tokens.weight", VocabSize, Hidden);
        Add("model.norm.weight", Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            string block = $"model.layers.{layer}.";
            Add(block + "input_layernorm.weight", Hidden);
            Add(block + "self_attn.q_proj.weight", 32, Hidden);
            Add(block + "self_attn.k_proj.weight", 16, Hidden);
            Add(block + "self_attn.v_proj.weight", 16, Hidden);
            Add(block + "self_attn.o_proj.weight", Hidden, 32);
            Add(block + "post_attention_layernorm.weight", Hidden);
            Add(block + "mlp.gate_proj.weight", 48, Hidden);
            Add(block + "mlp.up_proj.weight", 48, Hidden);
            Add(block + "mlp.down_proj.weight", Hidden, 48);
        }
    }

    /// <summary>A family that starts from Llama's tensors and adds its own.</summary>
    public static TinyFolder Of(string modelType)
    {
        var folder = new TinyFolder(modelType);
        foreach (int layer in Enumerable.Range(0, Layers))
        {
            string block = $"model.layers.{layer}.";
            if (modelType is "qwen3" or "gemma3" or "gemma3_text" or "gemma4")
            {
                folder.Add(block + "self_attn.q_norm.weight", 8);
                folder.Add(block + "self_attn.k_norm.weight", 8);
            }

            if (modelType is "gemma2" or "gemma3" or "gemma3_text" or "gemma4")
            {
                folder.Add(block + "pre_feedforward_layernorm.weight", Hidden);
                folder.Add(block + "post_feedforward_layernorm.weight", Hidden);
            }

            if (modelType is "gemma4")
            {
                folder.Add(block + "layer_scalar", 1);
                folder.With("global_head_dim", 8).With("hidden_size_per_layer_input", 0);
            }

            if (modelType is "phi3")
            {
                foreach (string part in new[] { "q", "k", "v" })
                {
                    folder.Tensors.Remove($"{block}self_attn.{part}_proj.weight");
                }

                folder.Tensors.Remove(block + "mlp.gate_proj.weight");
                folder.Tensors.Remove(block + "mlp.up_proj.weight");
                folder.Add(block + "self_attn.qkv_proj.weight", 64, Hidden);
                folder.Add(block + "mlp.gate_up_proj.weight", 96, Hidden);
            }
        }

        folder.Config.Remove("hidden_act");
        return folder;
    }

    public string Path => _folder.FullName;

    public JsonObject Config { get; set; }

    public JsonObject TokenizerConfig { get; } = [];

    public OrderedDictionary<string, int[]> Tensors { get; } = [];

    /// <summary>The elements of tensors that have not the usual ones.</summary>
    public Dictionary<string, float[]> Values { get; } = [];

    public TinyFolder With(string key, JsonNode? value)
    {
        Config[key] = value;
        return this;
    }

    public TinyFolder Without(string key)
    {
        Config.Remove(key);
        return this;
    }

    /// <summary>Tensors whose bytes are given, in the place of the floats that others have.</summary>
    public Dictionary<string, (string Type, byte[] Data)> Stored { get; } = [];

    /// <summary>Gives tensors other names.</summary>
    public TinyFolder Rename(Func<string, string> rename)
    {
        KeyValuePair<string, int[]>[] all = [.. Tensors];
        Tensors.Clear();
        foreach ((string name, int[] shape) in all)
        {
            Tensors.Add(rename(name), shape);
        }

        return this;
    }

    public void Add(string name, params int[] shape) => Tensors[name] = shape;

    /// <summary>Writes a file beside the others.</summary>
    public TinyFolder File(string name, string content)
    {
        System.IO.File.WriteAllText(System.IO.Path.Combine(Path, name), content);
        return this;
    }

    /// <summary>Writes all, and returns the folder's path.</summary>
    public string Write()
    {
        File("config.json", Config.ToJsonString());
        File("tokenizer_config.json", TokenizerConfig.ToJsonString());
        if (!System.IO.File.Exists(System.IO.Path.Combine(Path, "tokenizer.json")))
        {
            TinyTokenizer.Write(Path, VocabSize);
        }

        var header = new JsonObject();
        using var data = new MemoryStream();
        foreach ((string name, int[] shape) in Tensors)
        {
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = ((((i * 7919) + name.Length) % 97) - 48) * 0.005f;
            }

            values = Values.GetValueOrDefault(name, values);

            long start = data.Position;
            (string type, byte[] bytes) = Stored.GetValueOrDefault(name, ("F32", MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
            data.Write(bytes);
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(start, data.Position),
            };
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        System.IO.File.WriteAllBytes(
            System.IO.Path.Combine(Path, "model.safetensors"), [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data.ToArray()]);
        return Path;
    }

    public void Dispose() => _folder.Dispose();
}
