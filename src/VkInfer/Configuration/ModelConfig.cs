using VkInfer.Kernels;
using VkInfer.Recipes;

namespace VkInfer;

/// <summary>Which norm stands before the layers.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + eps) · gain.</summary>
    RmsNorm,

    /// <summary>(x − mean(x)) / sqrt(var(x) + eps) · gain + shift.</summary>
    LayerNorm,

    /// <summary>LayerNorm without a shift.</summary>
    CentredNorm,
}

/// <summary>
/// The shape of a transformer, a decoder or an encoder, as its checkpoint states it, and how it differs from Llama, which the defaults
/// describe. Immutable. Biases are not listed: a layer has one where the checkpoint has one.
/// </summary>
public sealed record ModelConfig
{
    /// <summary>The checkpoint's architecture name, e.g. <c>llama</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of tokens in the vocabulary.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream, in elements.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward layer, or of one expert, in elements.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of transformer layers.</summary>
    public required int NumLayers { get; init; }

    /// <summary>What files call the norm behind the last layer; null: there is none.</summary>
    internal string? OutputNorm { get; init; } = "output_norm";

    /// <summary>Blocks behind the last layer that the file has and that do not run here: they predict further tokens.</summary>
    internal int NumLeftOut { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>
    /// Number of key/value heads; divides <see cref="NumHeads"/>. Where layers differ, this and the next two are of those that see everything.
    /// </summary>
    public required int NumKvHeads { get; init; }

    /// <summary>Elements per head. A field of its own: not always <see cref="HiddenSize"/> / <see cref="NumHeads"/>.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Leading elements of each head that are rotated; even, at most <see cref="HeadDim"/>. 0: no rotary embedding.</summary>
    public required int RotaryDim { get; init; }

    /// <summary>Which elements of a head form a rotated pair.</summary>
    public required RopePairing RopePairing { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required float RopeTheta { get; init; }

    /// <summary>
    /// Whether the model is an encoder: each token sees those behind it, too. It makes embeddings and generates no text.
    /// </summary>
    public bool IsEncoder { get; init; }

    /// <summary>Rows of the table of token types, of which the first is added to each token; 0: there is none.</summary>
    internal int TokenTypes { get; init; }

    /// <summary>Whether embeddings are normalised.</summary>
    internal bool HasEmbeddingNorm { get; init; }

    /// <summary>How the model's files say that embeddings are pooled; null: they do not.</summary>
    public EmbeddingPooling? Pooling { get; init; }

    /// <summary>How the rotary frequencies are changed for longer sequences; null: not at all.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Base of the rotary frequencies in layers with a window, which then are not scaled; null: as in the other layers.</summary>
    public float? WindowedRopeTheta { get; init; }

    /// <summary>
    /// Learned embeddings of positions are added to those of tokens: the row of the table that stands for position 0. Null: there are none.
    /// </summary>
    public int? FirstPositionRow { get; init; }

    /// <summary>Factor of the token embeddings.</summary>
    public float EmbeddingScale { get; init; } = 1f;

    /// <summary>Factor of what every block adds to the residual stream.</summary>
    public float ResidualScale { get; init; } = 1f;

    /// <summary>Factor of the logits, before their bound.</summary>
    public float LogitScale { get; init; } = 1f;

    /// <summary>Elements of an embedding of each token that every layer takes for itself; 0: there are none.</summary>
    internal int PerLayerSize { get; init; }

    /// <summary>The norm around attention and feed-forward layers, and before the output.</summary>
    public NormKind Norm { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required float NormEps { get; init; }

    /// <summary>The function inside the feed-forward layer.</summary>
    public ActivationFunction Activation { get; init; } = ActivationFunction.Silu;

    /// <summary>Feed-forward layers of each layer, of which a router chooses for every token; 0: there is one, for all.</summary>
    public int NumExperts { get; init; }

    /// <summary>How many of them a token goes to.</summary>
    public int NumExpertsPerToken { get; init; }

    /// <summary>
    /// Per layer, how many of the last positions a query sees, its own included, and in an encoder as many of the next; 0: all. Empty: all
    /// in every layer.
    /// </summary>
    public IReadOnlyList<int> Windows { get; init; } = [];

    /// <summary>Factor of the attention scores; null: 1 / sqrt(<see cref="HeadDim"/>).</summary>
    public float? AttentionScale { get; init; }

    /// <summary>Attention scores s become cap · tanh(s / cap); 0: they do not.</summary>
    public float AttentionSoftCap { get; init; }

    /// <summary>Logits likewise.</summary>
    public float LogitSoftCap { get; init; }

    /// <summary>Longest sequence the model was trained for, in tokens.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Elements of all query heads together.</summary>
    public int QuerySize => NumHeads * HeadDim;

    /// <summary>Elements of all key (or value) heads together.</summary>
    public int KvSize => NumKvHeads * HeadDim;

    /// <summary>Rows of the concatenated query, key and value weights.</summary>
    public int QkvSize => QuerySize + (2 * KvSize);

    /// <summary>Rows of the table of learned positions; 0 where there is none.</summary>
    public int PositionRows => FirstPositionRow is { } first ? first + MaxContextLength : 0;

    /// <summary>How many of the last positions a query sees in a layer; 0: all.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public int Window(int layer) => Windows.Count == 0 ? 0 : Windows[layer];

    /// <summary>What each layer is composed of; Llama's blocks where nothing else is said.</summary>
    internal IReadOnlyList<LayerRecipe> Layers
    {
        get => field.Count > 0 ? [.. field.Take(NumLayers)] : [.. Enumerable.Repeat(UsualLayer, NumLayers)];
        init;
    } = [];

    /// <summary>The mixers of all layers.</summary>
    internal IEnumerable<MixerRecipe> Mixers => Layers.SelectMany(layer => layer.Mixers);

    /// <summary>
    /// Epsilon of norms of the residual stream h, which is kept as h / <see cref="ResidualScale"/>: then blocks add their outputs as they
    /// are. RMSNorm(h; ε) = RMSNorm(h / s; ε / s²), and LayerNorm likewise.
    /// </summary>
    internal float StreamEps => NormEps / (ResidualScale * ResidualScale);

    /// <summary>Factor of the token embeddings in the stream as it is kept.</summary>
    internal float StreamEmbeddingScale => EmbeddingScale / ResidualScale;

    /// <summary>Most elements of a row that a mixer's first product leaves.</summary>
    internal int MixerInputSize => Mixers.Max(mixer => mixer.InputSize(this));

    /// <summary>Most elements of a row that a mixer's last product takes.</summary>
    internal int MixerOutputSize => Mixers.Max(mixer => mixer.OutputSize(this));

    /// <summary>Most elements of all query heads of a layer.</summary>
    internal int MostQuerySize => Mixers.Max(mixer => mixer.QuerySize(this));

    /// <summary>The latent attention of layers that have it, which is the same in all; null: none has.</summary>
    internal LatentRecipe? Latent => Mixers.OfType<LatentRecipe>().FirstOrDefault();

    /// <summary>The layers that attend.</summary>
    internal IEnumerable<AttentionRecipe> Attention => Mixers.OfType<AttentionRecipe>();

    /// <summary>Whether layers have a recurrent state, which a sequence keeps beside its pages.</summary>
    internal bool IsRecurrent => Mixers.Any(mixer => mixer.StateFloats > 0);

    /// <summary>Most rows of a layer's first feed-forward matrix for all tokens; at least 1.</summary>
    internal int UpSize => Layers.Max(layer => Math.Max(1, layer.FeedForward?.Widths(this).Up ?? 0));

    /// <summary>Most columns of a layer's last feed-forward matrix for all tokens; at least 1.</summary>
    internal int DownSize => Layers.Max(layer => Math.Max(1, layer.FeedForward?.Widths(this).Down ?? 0));

    private LayerRecipe UsualLayer => NumExperts > 0 ? new LayerRecipe { FeedForward = new MixtureRecipe() } : new LayerRecipe();

    /// <summary>The same model with other blocks in its layers.</summary>
    /// <param name="change">Makes a layer's recipe of what it was and the layer's number, from 0.</param>
    internal ModelConfig Compose(Func<LayerRecipe, int, LayerRecipe> change) => this with { Layers = [.. Layers.Select(change)] };

    /// <summary>The same model with other blocks in all layers.</summary>
    internal ModelConfig Compose(Func<LayerRecipe, LayerRecipe> change) => Compose((layer, _) => change(layer));

    /// <summary>The same window in all layers; none where it is 0.</summary>
    internal static IReadOnlyList<int> UniformWindows(int layers, int window) => window == 0 ? [] : [.. Enumerable.Repeat(window, layers)];

    /// <summary>Windows of layers of which every <paramref name="period"/>-th sees everything, or the first of so many.</summary>
    internal static IReadOnlyList<int> AlternatingWindows(int layers, int window, int period, bool isFirst = false) =>
        [.. Enumerable.Range(isFirst ? 0 : 1, layers).Select(layer => layer % period == 0 ? 0 : window)];

    /// <summary>A window of an encoder, of which files say how many positions it has on both sides together.</summary>
    internal static int SymmetricWindow(int both) => both == 0 ? 0 : (both / 2) + 1;
}
