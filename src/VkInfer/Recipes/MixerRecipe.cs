using VkInfer.Kernels;

namespace VkInfer.Recipes;

/// <summary>How a layer's rows see earlier positions. Immutable.</summary>
internal abstract record MixerRecipe
{
    /// <summary>Elements of a row that the mixer's first product leaves.</summary>
    /// <param name="config">The model's sizes.</param>
    public abstract int InputSize(ModelConfig config);

    /// <summary>Elements of a row that its last product takes.</summary>
    /// <param name="config">The model's sizes.</param>
    public abstract int OutputSize(ModelConfig config);

    /// <summary>Floats of the state that a sequence keeps; 0: it keeps keys and values of its positions.</summary>
    public virtual long StateFloats => 0;

    /// <summary>Elements of a row's query as attention takes it; 0: the mixer does not attend.</summary>
    /// <param name="config">The model's sizes.</param>
    public virtual int QuerySize(ModelConfig config) => 0;

    /// <summary>Bytes that a page of the cache holds of the layer's positions; 0: none.</summary>
    /// <param name="config">The model's sizes.</param>
    /// <param name="type">How elements are stored.</param>
    public virtual long PageBytes(ModelConfig config, KvType type) => 0;
}

/// <summary>The heads of a layer's attention.</summary>
/// <param name="Count">Query heads.</param>
/// <param name="KvCount">Key and value heads; divides <paramref name="Count"/>.</param>
/// <param name="Dim">Elements of a head.</param>
/// <param name="RotaryDim">Leading elements of a head that are rotated.</param>
internal readonly record struct HeadShape(int Count, int KvCount, int Dim, int RotaryDim)
{
    /// <summary>Elements of all query heads together.</summary>
    public int QuerySize => Count * Dim;

    /// <summary>Elements of all key (or value) heads together.</summary>
    public int KvSize => KvCount * Dim;
}

/// <summary>What an RMSNorm of queries and keys takes together.</summary>
internal enum HeadNormKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Each head, with one gain for all query heads and one for all key heads.</summary>
    EachHead,

    /// <summary>All query heads together, and all key heads, with a gain for each element.</summary>
    Projection,

    /// <summary>Each head, but behind its rotation.</summary>
    EachHeadRotated,

    /// <summary>As <see cref="EachHead"/>, and each value head without a gain.</summary>
    EachHeadAndValue,
}

/// <summary>Attention over cached keys and values.</summary>
internal sealed record AttentionRecipe : MixerRecipe
{
    /// <summary>The layer's heads; null: the model's.</summary>
    public HeadShape? Heads { get; init; }

    /// <summary>Whether values are the projection of keys, before their norm and rotation.</summary>
    public bool HasKeysAsValues { get; init; }

    /// <summary>The earlier layer, from 0, whose keys and values it reads; null: it has its own.</summary>
    public int? KvLayer { get; init; }

    /// <summary>The norm of queries and keys.</summary>
    public HeadNormKind HeadNorm { get; init; }

    /// <summary>Whether queries and keys are rotated; false: the layer knows no positions (NoPE).</summary>
    public bool IsRotated { get; init; } = true;

    /// <summary>Whether each head has a score more, which takes weight and has no value.</summary>
    public bool HasSinks { get; init; }

    /// <summary>
    /// Whether outputs are multiplied by the sigmoid of a gate for each element. The projection of queries has it behind each head's query.
    /// </summary>
    public bool HasGates { get; init; }

    /// <summary>How queries grow with their position.</summary>
    public QueryTemperature Temperature { get; init; } = QueryTemperature.None;

    /// <inheritdoc/>
    public override int InputSize(ModelConfig config) =>
        ((HasGates ? 2 : 1) * HeadsIn(config).QuerySize) + (KvLayer is null ? 2 * HeadsIn(config).KvSize : 0);

    /// <inheritdoc/>
    public override int OutputSize(ModelConfig config) => HeadsIn(config).QuerySize;

    /// <inheritdoc/>
    public override int QuerySize(ModelConfig config) => HeadsIn(config).QuerySize;

    /// <inheritdoc/>
    public override long PageBytes(ModelConfig config, KvType type) =>
        KvLayer is null ? 2 * HeadsIn(config).KvCount * KvLayout.HeadBytes(HeadsIn(config).Dim, type) : 0;

    /// <summary>The layer's heads.</summary>
    public HeadShape HeadsIn(ModelConfig config) =>
        Heads ?? new HeadShape(config.NumHeads, config.NumKvHeads, config.HeadDim, config.RotaryDim);
}

/// <summary>
/// Latent attention (MLA; DeepSeek-V2) in the absorbed form: keys and values of all heads are made of a latent, which is cached with a
/// rotated part that heads share. Products with the latent's projections are taken before and behind attention.
/// </summary>
/// <param name="Shape">Its heads.</param>
/// <param name="ValueDim">Elements of a head's value.</param>
/// <param name="QueryRank">Elements of the latent that queries are made of; null: they are projected at once.</param>
/// <param name="NormEps">Epsilon of the norms of latents.</param>
internal sealed record LatentRecipe(LatentShape Shape, int ValueDim, int? QueryRank, float NormEps) : MixerRecipe
{
    /// <summary>Elements of a row's queries as they are projected.</summary>
    public int QueriesSize => Shape.NumHeads * Shape.HeadDim;

    /// <summary>Where a row of the first product has the latent: behind queries, or their latent.</summary>
    public int LatentAt => QueryRank ?? QueriesSize;

    /// <inheritdoc/>
    public override int InputSize(ModelConfig config) => LatentAt + Shape.KeyDim;

    /// <inheritdoc/>
    public override int OutputSize(ModelConfig config) => Shape.NumHeads * ValueDim;

    /// <inheritdoc/>
    public override int QuerySize(ModelConfig config) => Shape.NumHeads * Shape.KeyDim;

    /// <inheritdoc/>
    public override long PageBytes(ModelConfig config, KvType type) => KvLayout.HeadBytes(Shape.KeyDim, type);
}

/// <summary>The gated delta rule behind a short convolution, with a norm and a gate behind it (Yang et al. 2025; Qwen3-Next).</summary>
/// <param name="Shape">Its heads.</param>
/// <param name="Taps">Positions that the convolution sees.</param>
internal sealed record GatedDeltaRecipe(GatedDeltaShape Shape, int Taps) : MixerRecipe
{
    /// <summary>The convolution of queries, keys and values.</summary>
    public ShortConvShape Convolution => new(Shape.InputWidth, Taps);

    /// <summary>Where a row of the first product has its gates: behind queries, keys and values.</summary>
    public int GatesAt => Shape.InputWidth;

    /// <summary>Where it has its rates.</summary>
    public int RatesAt => GatesAt + Shape.ValueWidth;

    /// <inheritdoc/>
    public override long StateFloats => Convolution.StateFloats + Shape.StateFloats;

    /// <inheritdoc/>
    public override int InputSize(ModelConfig config) => RatesAt + Shape.RateWidth;

    /// <inheritdoc/>
    public override int OutputSize(ModelConfig config) => Shape.ValueWidth;
}

/// <summary>A gated short convolution (LFM2): rows [b | c | x], of which b · x is convolved, and the result multiplied by c.</summary>
/// <param name="Channels">Channels; the model's width.</param>
/// <param name="Taps">Positions that the convolution sees.</param>
internal sealed record ShortConvRecipe(int Channels, int Taps) : MixerRecipe
{
    /// <summary>The convolution.</summary>
    public ShortConvShape Convolution => new(Channels, Taps, IsGated: true);

    /// <inheritdoc/>
    public override long StateFloats => Convolution.StateFloats;

    /// <inheritdoc/>
    public override int InputSize(ModelConfig config) => Convolution.InputWidth;

    /// <inheritdoc/>
    public override int OutputSize(ModelConfig config) => Channels;
}
