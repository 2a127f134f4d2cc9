using VkInfer.Formats;
using VkInfer.Kernels;

namespace VkInfer.Configuration;

/// <summary>Reads a <see cref="ModelConfig"/> from GGUF metadata and checks that it describes a transformer that can exist.</summary>
internal static class GgufConfigReader
{
    private const int MaxLayers = 1024;
    private const int MaxWidth = 1 << 20;
    private const int MaxHeads = 4096;
    private const int MaxVocabSize = 1 << 22;

    public static readonly string[] SupportedArchitectures = ["llama"];

    public static ModelConfig Read(GgufFile file)
    {
        string architecture = file.GetString("general.architecture");
        if (!SupportedArchitectures.Contains(architecture))
        {
            throw new UnsupportedModelException(
                $"{file.Path}: architecture \"{architecture}\" is not supported; supported: {string.Join(", ", SupportedArchitectures)}.");
        }

        string Key(string name) => $"{architecture}.{name}";
        int Required(string name, int max) => file.GetInt(Key(name), 1, max);
        int Optional(string name, int fallback, int max) => file.TryGetInt(Key(name), out int value, 1, max) ? value : fallback;

        int hidden = Required("embedding_length", MaxWidth);
        int heads = Required("attention.head_count", MaxHeads);
        int kvHeads = Optional("attention.head_count_kv", heads, MaxHeads);
        int headDim = Optional("attention.key_length", hidden / heads, MaxWidth);
        int valueDim = Optional("attention.value_length", headDim, MaxWidth);
        int rotary = Optional("rope.dimension_count", headDim, MaxWidth);
        var config = new ModelConfig
        {
            Architecture = architecture,
            VocabSize = ReadVocabSize(file, Key("vocab_size")),
            HiddenSize = hidden,
            IntermediateSize = Required("feed_forward_length", MaxWidth),
            NumLayers = Required("block_count", MaxLayers),
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = headDim,
            RotaryDim = rotary,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = Positive(file, Key("rope.freq_base"), 10000f),
            RopeLinearFactor = ReadLinearFactor(file, architecture),
            RmsNormEps = Positive(file, Key("attention.layer_norm_rms_epsilon"), 1e-5f),
            MaxContextLength = Optional("context_length", ModelOptions.DefaultContextLength, 1 << 24),
        };

        Check(file, heads % kvHeads == 0, $"{kvHeads} key/value heads do not divide {heads} query heads");
        Check(file, valueDim == headDim, $"value heads of {valueDim} elements beside key heads of {headDim}; they must be equal");
        Check(file, headDim is >= 8 and <= 512 && headDim % 8 == 0, $"head dimension {headDim}; expected a multiple of 8 from 8 to 512");
        Check(file, rotary % 2 == 0 && rotary <= headDim, $"rotary dimension {rotary}; expected an even number up to the head dimension {headDim}");
        if (file.TryGetInt("split.count", out int parts) && parts > 1)
        {
            throw new UnsupportedModelException($"{file.Path}: this is one of {parts} parts of a split model; merge them into one file first.");
        }

        if (file.TryGetInt(Key("expert_count"), out int experts) && experts > 0)
        {
            throw new UnsupportedModelException($"{file.Path}: mixture-of-experts models ({experts} experts) are not supported.");
        }

        return config;
    }

    private static int ReadVocabSize(GgufFile file, string key)
    {
        if (!file.TryGetTensor("token_embd.weight", out GgufTensor? embedding))
        {
            throw new UnsupportedModelException($"{file.Path}: tensor token_embd.weight is missing.");
        }

        if (embedding.Rows > MaxVocabSize)
        {
            throw new UnsupportedModelException($"{file.Path}: token_embd.weight has {embedding.Rows} rows; expected at most {MaxVocabSize}.");
        }

        int rows = (int)embedding.Rows;
        if (file.TryGetInt(key, out int declared) && declared != rows)
        {
            throw new UnsupportedModelException($"{file.Path}: {key} is {declared}, but token_embd.weight has {rows} rows.");
        }

        return rows;
    }

    private static float ReadLinearFactor(GgufFile file, string architecture)
    {
        string type = file.TryGetString($"{architecture}.rope.scaling.type", out string value) ? value : "none";
        return type switch
        {
            "none" => 1f,
            "linear" => Positive(file, $"{architecture}.rope.scaling.factor", 1f),
            _ => throw new UnsupportedModelException($"{file.Path}: rope scaling \"{type}\" is not supported; supported: none, linear, and frequency factors."),
        };
    }

    private static float Positive(GgufFile file, string key, float fallback)
    {
        float value = file.TryGetFloat(key, out float read) ? read : fallback;
        return float.IsFinite(value) && value > 0
            ? value
            : throw new UnsupportedModelException($"{file.Path}: {key} is {value}; expected a positive number.");
    }

    private static void Check(GgufFile file, bool holds, string what)
    {
        if (!holds)
        {
            throw new UnsupportedModelException($"{file.Path}: {what}.");
        }
    }
}
