using VkInfer.Families;
using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer.Research;

/// <summary>Shapes of well-known models, for measuring without downloading them.</summary>
public static class SyntheticShapes
{
    // The checkpoints were trained for 4096 tokens; random weights know no such limit, and long contexts are worth measuring.
    private const int LongContext = 65536;

    private static readonly Dictionary<string, ModelConfig> Shapes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["llama2-7b"] = Llama(4096, 11008, 32, 32, 32, 32000, LongContext),
        ["llama2-13b"] = Llama(5120, 13824, 40, 40, 40, 32000, LongContext),
        ["llama3-8b"] = Llama(4096, 14336, 32, 32, 8, 128256, 131072, 500000),
        ["llama3.2-1b"] = Llama(2048, 8192, 16, 32, 8, 128256, 131072, 500000),
        ["opt-6.7b"] = Opt(4096, 16384, 32, 32, 50272, 2048),
        ["chatglm2-6b"] = Llama(4096, 13696, 28, 32, 2, 65024, 32768) with { Architecture = "chatglm", RotaryDim = 64 },
        ["qwen3.5-9b"] = Qwen35(4096, 12288, 32, 16, 4, 32),
        ["qwen3.6-27b"] = Qwen35(5120, 17408, 64, 24, 4, 48),
        ["qwen3.6-35b-a3b"] = (Qwen35(2048, 512, 40, 16, 2, 32) with { NumExperts = 256, NumExpertsPerToken = 8 }).Compose(
            layer => layer with
            {
                FeedForward = new MixtureRecipe
                {
                    Router = new RouterRule(RouterScore.Softmax),
                    Shared = new DenseRecipe { Suffix = "_shexp" },
                    HasSharedGate = true,
                },
            }),
        ["glm-4.7-flash"] = GlmFlash(),
        ["gpt-oss-20b"] = GptOss(2880, 24, 32),
        ["nemotron3-nano"] = Nemotron(2688, 1856, "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"),
        ["gemma4-31b"] = Gemma4(5376, 21504, 60, 32, 16, 4),
        ["gemma4-26b-a4b"] = Gemma4Mixture(),
        ["gemma4-e4b"] = Gemma4Small(),
        ["tiny-46m"] = Llama(512, 1536, 4, 8, 8, 32000, 4096),
    };

    /// <summary>The names <see cref="Model.CreateSynthetic"/> takes.</summary>
    public static IReadOnlyCollection<string> Names => Shapes.Keys;

    internal static ModelConfig Get(string name, int? layers = null) =>
        Shapes.TryGetValue(name, out ModelConfig? config)
            ? layers is null || (layers >= 1 && layers <= config.NumLayers)
                ? config with { NumLayers = layers ?? config.NumLayers }
                : throw new ArgumentOutOfRangeException(
                    nameof(layers), layers, $"{name} has {config.NumLayers} layers; expected 1 to as many.")
            : throw new ArgumentException($"No synthetic shape \"{name}\"; there are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>The formats of a shape's weights where the user names one: files of gpt-oss have their experts in MXFP4.</summary>
    internal static SyntheticTypes Types(ModelConfig config, WeightType type) =>
        new(type, config.Architecture == "gpt-oss" ? WeightType.MXFP4 : type);

    private static ModelConfig Llama(
        int hidden, int intermediate, int layers, int heads, int kvHeads, int vocab, int context, float theta = 10000) => new()
        {
            Architecture = "llama",
            VocabSize = vocab,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            NumLayers = layers,
            NumHeads = heads,
            NumKvHeads = kvHeads,
            HeadDim = hidden / heads,
            RotaryDim = hidden / heads,
            RopePairing = RopePairing.Interleaved,
            RopeTheta = theta,
            NormEps = 1e-5f,
            MaxContextLength = context,
        };

    // The gated delta rule in three of four layers.
    private static ModelConfig Qwen35(int hidden, int intermediate, int layers, int heads, int kvHeads, int valueHeads)
    {
        var rule = new GatedDeltaRecipe(new GatedDeltaShape(16, valueHeads, 128, 128), Taps: 4);
        var attention = new AttentionRecipe { HeadNorm = HeadNormKind.EachHead, HasGates = true };
        ModelConfig dense = Llama(hidden, intermediate, layers, heads, kvHeads, 248320, 262144, 1e7f) with
        {
            Architecture = "qwen35",
            HeadDim = 256,
            RotaryDim = 64,
            RopePairing = RopePairing.SplitHalf,
        };
        return dense.Compose((layer, i) => layer with { Mixer = (i + 1) % 4 == 0 ? attention : rule });
    }

    // Latent attention, and mixtures behind the first layer.
    private static ModelConfig GlmFlash()
    {
        var heads = new LatentShape(20, NopeDim: 192, RopeDim: 64, Rank: 512, RopePairing.Interleaved);
        var mixture = new MixtureRecipe
        {
            Router = new RouterRule(RouterScore.Sigmoid, Scale: 1.8f),
            HasChoiceBias = true,
            Shared = new DenseRecipe { Suffix = "_shexp" },
        };
        return (Llama(2048, 1536, 47, heads.NumHeads, 1, 154880, 202752, 1e6f) with
        {
            Architecture = "deepseek2",
            HeadDim = heads.KeyDim,
            RotaryDim = heads.RopeDim,
            AttentionScale = 1 / MathF.Sqrt(heads.HeadDim),
            NumExperts = 64,
            NumExpertsPerToken = 4,
        }).Compose((layer, i) => layer with
        {
            Mixer = new LatentRecipe(heads, ValueDim: 256, QueryRank: 768, NormEps: 1e-6f),
            FeedForward = i == 0 ? new DenseRecipe { Width = 10240 } : mixture,
        });
    }

    // Layers of one block: Mamba-2, attention, or a mixture without gates.
    private static ModelConfig Nemotron(int hidden, int intermediate, string pattern)
    {
        var mamba = new Mamba2Recipe(new Mamba2Shape(Heads: 64, HeadDim: 64, StateDim: 128, Groups: 8), Taps: 4);
        var mixture = new MixtureRecipe
        {
            Router = new RouterRule(RouterScore.Sigmoid, Scale: 2.5f),
            HasChoiceBias = true,
            Shared = new DenseRecipe { Width = 2 * intermediate, Suffix = "_shexp" },
        };
        ModelConfig shape = Llama(hidden, intermediate, pattern.Length, 32, 2, 131072, 262144) with
        {
            Architecture = "nemotron_h_moe",
            HeadDim = 128,
            Activation = ActivationFunction.ReluSquared,
            NumExperts = 128,
            NumExpertsPerToken = 6,
        };
        return SingleBlocks.Compose(shape, pattern, mamba, _ => intermediate, mixture);
    }

    // Sinks, biased experts, and a window in every other layer.
    private static ModelConfig GptOss(int hidden, int layers, int experts) =>
        (Llama(hidden, hidden, layers, 64, 8, 201088, 131072, 150000) with
        {
            Architecture = "gpt-oss",
            HeadDim = 64,
            RotaryDim = 64,
            RopePairing = RopePairing.SplitHalf,
            RopeScaling = new YarnRopeScaling(32, 4096) { Truncate = false },
            Windows = ModelConfig.AlternatingWindows(layers, 128, 2),
            Activation = ActivationFunction.ClampedSwiglu,
            NumExperts = experts,
            NumExpertsPerToken = 4,
        }).Compose(layer => (layer with { FeedForward = new MixtureRecipe { HasBiases = true } }).WithAttention(
            attention => attention with { HasSinks = true }));

    // A window in five of six layers; the others have longer heads, fewer of keys, whose projection is that of values, too. Scores have the
    // usual scale: the gains that make it 1 in the family are 1 here.
    private static ModelConfig Gemma4(
        int hidden, int intermediate, int layers, int heads, int kvHeads, int fullKvHeads, int window = 1024)
    {
        var full = new HeadShape(heads, fullKvHeads, 512, 512);
        var windowed = new HeadShape(heads, kvHeads, 256, 256);
        ModelConfig dense = Llama(hidden, intermediate, layers, heads, fullKvHeads, 262144, 262144, 1e6f) with
        {
            Architecture = "gemma4",
            HeadDim = full.Dim,
            RotaryDim = full.RotaryDim,
            RopePairing = RopePairing.SplitHalf,
            WindowedRopeTheta = 10000,
            Windows = ModelConfig.AlternatingWindows(layers, window, 6),
            Activation = ActivationFunction.Gelu,
            EmbeddingScale = MathF.Sqrt(hidden),
            LogitSoftCap = 30,
        };
        return dense.Compose((layer, i) => layer with
        {
            Norms = NormPlacement.BeforeAndBehind,
            HasOutputScale = true,
            Mixer = new AttentionRecipe
            {
                Heads = dense.Window(i) > 0 ? windowed : full,
                HeadNorm = HeadNormKind.EachHeadAndValue,
                HasKeysAsValues = dense.Window(i) == 0,
            },
        });
    }

    // Mixtures beside the feed-forward layers.
    private static ModelConfig Gemma4Mixture()
    {
        const int DenseWidth = 2112;
        return (Gemma4(2816, DenseWidth, 30, 16, 8, 2) with { IntermediateSize = 704, NumExperts = 128, NumExpertsPerToken = 8 }).Compose(
            layer => layer with
            {
                FeedForward = new MixtureRecipe
                {
                    Router = new RouterRule(RouterScore.Softmax),
                    HasExpertScales = true,
                    HasOwnNorms = true,
                    Shared = new DenseRecipe { Width = DenseWidth },
                },
            });
    }

    // Inputs of each layer; the last layers read the keys and values of the last ones before them.
    private static ModelConfig Gemma4Small()
    {
        const int Own = 24;
        ModelConfig shape = Gemma4(2560, 10240, 42, 8, 2, 2, window: 512) with { PerLayerSize = 256 };
        return shape.Compose((layer, i) => layer.WithAttention(attention => attention with
        {
            HasKeysAsValues = false,
            KvLayer = i < Own ? null : shape.Window(i) > 0 ? Own - 2 : Own - 1,
        }));
    }

    private static ModelConfig Opt(int hidden, int intermediate, int layers, int heads, int vocab, int context) =>
        (Llama(hidden, intermediate, layers, heads, heads, vocab, context) with
        {
            Architecture = "opt",
            RotaryDim = 0,
            FirstPositionRow = 2,
            Norm = NormKind.LayerNorm,
            Activation = ActivationFunction.Relu,
        }).Compose(layer => layer with { FeedForward = new DenseRecipe { IsGated = false } });
}
