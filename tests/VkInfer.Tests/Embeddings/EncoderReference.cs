using System.Runtime.CompilerServices;
using System.Text.Json;
using VkInfer.Formats;
using VkInfer.Formats.Tests;
using VkInfer.Loading;

namespace VkInfer.Tests.Embeddings;

/// <summary>A text and its vectors by an independent implementation.</summary>
/// <param name="Tokens">The text.</param>
/// <param name="Mean">The mean of its hidden states.</param>
/// <param name="Cls">The first.</param>
/// <param name="Last">The last.</param>
/// <param name="Embedding">What the model's folder makes of them, of length 1.</param>
internal sealed record EmbeddedText(int[] Tokens, double[] Mean, double[] Cls, double[] Last, double[] Embedding);

/// <summary>How well documents answer a query, by an independent implementation.</summary>
/// <param name="Query">The query.</param>
/// <param name="Documents">The documents.</param>
/// <param name="Scores">One for each.</param>
internal sealed record RankedDocuments(string Query, string[] Documents, double[] Scores);

/// <summary>Models that <c>tools/golden-embeddings</c> made.</summary>
internal static class EncoderReference
{
    private static readonly JsonSerializerOptions Lower = new() { PropertyNameCaseInsensitive = true };

    /// <summary>The folder of a model.</summary>
    public static string Folder(string name) => Path.Combine(Fixtures(), name);

    /// <summary>Texts, and what they become.</summary>
    public static EmbeddedText[] Texts(string name) => JsonSerializer.Deserialize<EmbeddedText[]>(
        File.ReadAllBytes(Path.Combine(Folder(name), "embeddings.json")), Lower)!;

    /// <summary>Queries and documents as transformers scores them with the embedded model.</summary>
    public static RankedDocuments[] Ranked() => JsonSerializer.Deserialize<RankedDocuments[]>(
        File.ReadAllBytes(Path.Combine(Fixtures(), "reranking.json")), Lower)!;

    /// <summary>Writes a folder's model as a GGUF file without a tokenizer.</summary>
    /// <param name="name">The model.</param>
    /// <param name="path">Where to.</param>
    /// <param name="keys">Keys of its architecture, whose name is added.</param>
    public static void WriteGguf(string name, string path, params (string Key, object Value)[] keys)
    {
        using ModelSource source = ModelSource.Open(Folder(name));
        ModelConfig config = source.ReadConfig();
        var writer = new GgufWriter();
        writer.Add("general.architecture", config.Architecture);
        writer.Add("tokenizer.ggml.model", "no_vocab");
        (string Key, object Value)[] usual =
        [
            ("context_length", (uint)config.MaxContextLength), ("embedding_length", (uint)config.HiddenSize),
            ("feed_forward_length", (uint)config.IntermediateSize), ("block_count", (uint)config.NumLayers),
            ("attention.head_count", (uint)config.NumHeads), ("attention.head_count_kv", (uint)config.NumKvHeads),
            ("attention.causal", false),
        ];
        foreach ((string key, object value) in usual.Concat(keys))
        {
            writer.Add($"{config.Architecture}.{key}", value);
        }

        foreach (GgufTensor tensor in source.Weights.Tensors)
        {
            writer.AddTensor(
                tensor.Name, tensor.Type, [.. tensor.Dimensions.Select(size => (ulong)size)],
                source.Weights.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)));
        }

        foreach (int module in new[] { 2, 3 })
        {
            string folder = Path.Combine(Folder(name), $"{module}_Dense");
            if (Directory.Exists(folder))
            {
                using var file = SafetensorsFile.OpenFolder(folder);
                GgufTensor tensor = file.Tensors.Single();
                writer.AddTensor(
                    $"dense_{module}.weight", tensor.Type, [(ulong)tensor.Columns, (ulong)tensor.Rows],
                    file.GetTensorData(tensor, 0, checked((int)tensor.ByteSize)));
            }
        }

        File.WriteAllBytes(path, writer.ToArray());
    }

    /// <summary>The cosine of two vectors.</summary>
    public static double Cosine(float[] a, double[] b)
    {
        double product = 0;
        for (int i = 0; i < b.Length; i++)
        {
            product += a[i] * b[i];
        }

        return product / Math.Sqrt(a.Sum(value => (double)value * value) * b.Sum(value => value * value));
    }

    private static string Fixtures([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Fixtures");
}
