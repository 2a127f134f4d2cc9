using System.Runtime.InteropServices;
using VkInfer.Configuration;
using VkInfer.Formats;
using VkInfer.Kernels;
using VkInfer.Loading;

namespace VkInfer;

/// <summary>
/// Metadata of a GGUF that is written from a Hugging Face folder, after the GGUF specification and llama.cpp's converter.
/// </summary>
internal static class FolderMetadata
{
    /// <summary>Architectures whose weights GGUF holds as Hugging Face does, but for the order of rows.</summary>
    private static readonly string[] Architectures = ["llama", "qwen2", "qwen3"];

    /// <summary>Writes the metadata, and the tensors that only GGUF has.</summary>
    /// <returns>Where a row of the new file is in the old one.</returns>
    /// <exception cref="UnsupportedModelException">The model or its tokenizer is of a kind that is not written.</exception>
    public static Func<GgufTensor, long, long> Write(HfModelSource source, GgufFileWriter writer)
    {
        ModelConfig config = source.ReadConfig();
        if (!Architectures.Contains(config.Architecture))
        {
            throw new UnsupportedModelException(
                $"{source.Path}: folders of architecture \"{config.Architecture}\" are not converted; "
                + $"converted are: {string.Join(", ", Architectures)}.");
        }

        if (config.NumExperts > 0)
        {
            throw new UnsupportedModelException($"{source.Path}: folders of mixtures of experts are not converted.");
        }

        writer.Set("general.architecture", GgufValue.FromString(config.Architecture));
        writer.Set("general.name", GgufValue.FromString(source.Name));
        WriteShape(config, writer);
        WriteRopeScaling(config, writer);
        RecommendedSampling.Write(source.ReadSampling(), writer);
        TokenizerMetadata.Write(source.ReadTokenizerData(config.VocabSize), source.ChatTemplate, writer);
        return RowOrder(source, config);
    }

    private static void WriteShape(ModelConfig config, GgufFileWriter writer)
    {
        void Count(string key, int value) => writer.Set($"{config.Architecture}.{key}", GgufValue.FromUInt32((uint)value));
        void Number(string key, float value) => writer.Set($"{config.Architecture}.{key}", GgufValue.FromFloat32(value));

        Count("context_length", config.MaxContextLength);
        Count("embedding_length", config.HiddenSize);
        Count("block_count", config.NumLayers);
        Count("feed_forward_length", config.IntermediateSize);
        Count("attention.head_count", config.NumHeads);
        Count("attention.head_count_kv", config.NumKvHeads);
        Count("attention.key_length", config.HeadDim);
        Count("attention.value_length", config.HeadDim);
        Count("rope.dimension_count", config.RotaryDim);
        Count("vocab_size", config.VocabSize);
        Number("rope.freq_base", config.RopeTheta);
        Number("attention.layer_norm_rms_epsilon", config.NormEps);
        if (config.Windows.Any(window => window > 0 && window < config.MaxContextLength))
        {
            // None of these architectures has windows in GGUF: other readers let every layer see everything.
            writer.Set(GgufConfigReader.OwnWindowsKey, GgufValue.FromInts([.. config.Windows]));
        }
    }

    private static void WriteRopeScaling(ModelConfig config, GgufFileWriter writer)
    {
        void Set(string key, GgufValue value) => writer.Set($"{config.Architecture}.rope.scaling.{key}", value);
        switch (config.RopeScaling)
        {
            case LinearRopeScaling linear:
                Set("type", GgufValue.FromString("linear"));
                Set("factor", GgufValue.FromFloat32(linear.Factor));
                break;
            case YarnRopeScaling { Truncate: false }:
                throw new UnsupportedModelException("YaRN without truncate is not converted: GGUF has no key for it.");
            case YarnRopeScaling yarn:
                Set("type", GgufValue.FromString("yarn"));
                Set("factor", GgufValue.FromFloat32(yarn.Factor));
                Set("original_context_length", GgufValue.FromUInt32((uint)yarn.OriginalContextLength));
                Set("yarn_beta_fast", GgufValue.FromFloat32(yarn.BetaFast));
                Set("yarn_beta_slow", GgufValue.FromFloat32(yarn.BetaSlow));
                Set("attn_factor", GgufValue.FromFloat32((float)(yarn.Magnitude / YarnRopeScaling.DefaultMagnitude(yarn.Factor))));
                break;
            case Llama3RopeScaling llama3:
                AddFactors("rope_freqs.weight", Divisors(llama3, config));
                break;
            case LongRopeScaling longRope when config.Architecture == "llama":
                Set("type", GgufValue.FromString("longrope"));
                Set("original_context_length", GgufValue.FromUInt32((uint)longRope.OriginalContextLength));
                Set("attn_factor", GgufValue.FromFloat32(longRope.AttentionFactor));
                AddFactors("rope_factors_long.weight", [.. longRope.LongFactors]);
                AddFactors("rope_factors_short.weight", [.. longRope.ShortFactors]);
                break;
            case { } other:
                throw new UnsupportedModelException($"{other.GetType().Name} of architecture \"{config.Architecture}\" is not converted.");
        }

        void AddFactors(string name, float[] factors) =>
            writer.AddTensor(name, GgufTensorType.F32, [factors.Length], stream => stream.Write(MemoryMarshal.AsBytes(factors.AsSpan())));
    }

    /// <summary>What each frequency is divided by: a tensor is how GGUF says Llama 3's scaling.</summary>
    private static float[] Divisors(Llama3RopeScaling scaling, ModelConfig config)
    {
        double[] plain = [.. Enumerable.Range(0, config.RotaryDim / 2)
            .Select(pair => Math.Pow(config.RopeTheta, -2.0 * pair / config.RotaryDim))];
        double[] scaled = [.. plain];
        scaling.Apply(scaled, config.RopeTheta, config.MaxContextLength);
        return [.. plain.Zip(scaled, (before, after) => (float)(before / after))];
    }

    /// <summary>
    /// llama.cpp's llama rotates neighbours, Hugging Face's the halves of a head: rows of Q and K go from [2, HeadDim / 2] to
    /// [HeadDim / 2, 2] within each head.
    /// </summary>
    private static Func<GgufTensor, long, long> RowOrder(HfModelSource source, ModelConfig config)
    {
        if (config.Architecture != "llama" || config.RopePairing != RopePairing.SplitHalf)
        {
            return (_, row) => row;
        }

        foreach (GgufTensor tensor in source.Weights.Tensors)
        {
            if (tensor.Name.EndsWith(".attn_q.bias", StringComparison.Ordinal)
                || tensor.Name.EndsWith(".attn_k.bias", StringComparison.Ordinal))
            {
                throw new UnsupportedModelException($"{source.Path}: a llama model with biases on Q and K is not converted.");
            }
        }

        int half = config.HeadDim / 2;
        return (tensor, row) =>
        {
            bool isRotated = tensor.Name.EndsWith(".attn_q.weight", StringComparison.Ordinal)
                || tensor.Name.EndsWith(".attn_k.weight", StringComparison.Ordinal);
            long inHead = row % config.HeadDim;
            return isRotated ? row - inHead + (inHead % 2 * half) + (inHead / 2) : row;
        };
    }
}
