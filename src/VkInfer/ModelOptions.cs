using Microsoft.Extensions.Logging;
using VkInfer.Engine.Cache;
using VkInfer.Kernels;
using VkInfer.Loading;
using VkInfer.Vulkan;

namespace VkInfer;

/// <summary>
/// How a model is loaded; the defaults suit a desktop. Read once, when a model is loaded: later changes have no effect. Compared by value.
/// </summary>
public record ModelOptions
{
    /// <summary>
    /// Which Vulkan device: <c>auto</c>, an index, a type (<c>discrete</c>, <c>integrated</c>, <c>software</c>) or part of a name.
    /// </summary>
    public string Device { get; set; } = "auto";

    /// <summary>
    /// Element type of the KV cache. <see cref="KvType.Q8_0"/> takes about half the memory of <see cref="KvType.F16"/>.
    /// </summary>
    public KvType KvType { get; set; } = KvType.F16;

    /// <summary>
    /// Positions a session can hold, in tokens. Null: what the model was trained for, but at most
    /// <see cref="DefaultContextLength"/>.
    /// </summary>
    public int? ContextLength { get; set; }

    /// <summary>
    /// Most tokens that a step takes, of prompts and of all who decode; a multiple of 64 from 64 to 8192. Activations are made for as many.
    /// An encoder takes a text in one step: its steps have room for <see cref="ContextLength"/> tokens, where that is more.
    /// </summary>
    public int PrefillChunk { get; set; } = 1024;

    /// <summary>How prompts and answers that run at the same time share steps. An encoder's texts always fill them.</summary>
    public SchedulingPolicy Scheduling { get; set; }

    /// <summary>
    /// Most pages that the KV cache of all sessions and requests together may take, each of 32 tokens of one group of layers (a model
    /// without sliding windows has one group). Null: as many as free memory holds. Memory is taken when a page is first used. Where pages
    /// run out, requests wait, and one that ran may give its pages up and be computed again later: answers stay the same. At least as many
    /// as <see cref="ContextLength"/> tokens take; fewer are refused when the model is loaded.
    /// </summary>
    public int? MaxKvPages { get; set; }

    /// <summary>
    /// Whether prompts that begin with the same tokens share the keys and values of those, also when whoever computed them is gone. Texts
    /// of an encoder never do: keys depend on the tokens behind them.
    /// </summary>
    public bool PrefixCaching { get; set; } = true;

    /// <summary>
    /// What matrices that the model stores as floats become while it is loaded: <see cref="WeightType.Q8_0"/> or
    /// <see cref="WeightType.Q4_0"/>; the embedding and the output projection become Q8_0 in both cases. Null: they stay as they are, as do
    /// matrices that are quantised already.
    /// </summary>
    public WeightType? Quantize { get; set; }

    /// <summary>
    /// Whether the answer to a seed is the same, bit for bit, whatever else runs beside it, was cached before it or made it wait: alone, in
    /// a crowd, behind a prefix hit, after its pages were taken from it, with and without speculation. Holds for one device, driver and
    /// version of this library. Slower: all rows take kernels whose sums do not depend on how many rows there are.
    /// </summary>
    public bool Reproducible { get; set; }

    /// <summary>
    /// A smaller model with the same vocabulary, a path or a <see cref="ModelName"/>, which guesses what follows; the model then verifies
    /// several tokens in a step (<see cref="GenerationOptions.Speculates"/>). It is loaded beside the model on its device, as its files
    /// are, and ends with it. Null: none.
    /// </summary>
    public string? Draft { get; set; }

    /// <summary>Runs under the Vulkan validation layers, synchronization validation included. Slow; for finding faults.</summary>
    public bool Validation { get; set; }

    /// <summary>Where messages go; null: nowhere. A field, since the generator of configuration binding looks at all properties.</summary>
    internal ILogger? Logger;

    /// <summary>The context length used where neither caller nor model asks for less.</summary>
    public const int DefaultContextLength = 4096;

    /// <summary>How attention accumulates its softmax. All ways are exact up to rounding.</summary>
    internal SoftmaxChoice Softmax { get; init; }

    /// <summary>The context length where <see cref="ContextLength"/> is not set and the model allows it.</summary>
    internal int UsualContextLength { get; init; } = DefaultContextLength;

    /// <summary>Which implementation linear layers use.</summary>
    internal LinearChoice Linear { get; init; }

    /// <summary>What orders the dispatches of a pass over one token.</summary>
    internal DispatchOrder Dispatches { get; init; }

    /// <summary>For tests: what kernels are to think of the device.</summary>
    internal Func<KernelContext, KernelContext>? AdaptContext { get; init; }

    /// <summary>For tests: what a shader is replaced with before it is compiled; nothing that a self-test finds is kept then.</summary>
    internal Func<ShaderCode, SpecializationConstants, ShaderCode>? ReplaceShader { get; init; }

    /// <summary>For tests: what the self-test may take before the first token.</summary>
    internal TimeSpan SelfTestBudget { get; init; } = ModelSelfTest.Budget;

    /// <summary>What it may take: what is reproducible must not depend on the time.</summary>
    internal TimeSpan SelfTestTime => Reproducible ? TimeSpan.MaxValue : SelfTestBudget;

    /// <summary>The same with a place where messages go.</summary>
    /// <param name="logger">The place; null: nowhere.</param>
    public ModelOptions WithLogger(ILogger? logger) => this with { Logger = logger };

    /// <summary>How a model's draft model is loaded.</summary>
    /// <param name="contextLength">Of the model.</param>
    internal ModelOptions ForDraft(int contextLength) => this with
    {
        Draft = null,
        ContextLength = null,
        UsualContextLength = contextLength,
        MaxKvPages = null,
        PrefixCaching = true,
        Quantize = null,
        Reproducible = false,
    };

    internal int ResolveContextLength(ModelConfig config)
    {
        if (ContextLength is not { } asked)
        {
            return Math.Min(config.MaxContextLength, UsualContextLength);
        }

        int most = config.IsEncoder ? Math.Min(config.MaxContextLength, RowList.MostSeen) : config.MaxContextLength;
        return asked >= 1 && asked <= most
            ? asked
            : throw Bad(nameof(ContextLength), asked, $"from 1 to the model's {most} tokens");
    }

    /// <summary>Rows of a step, at most.</summary>
    internal int StepRows(ModelConfig config) =>
        config.IsEncoder ? Math.Max(PrefillChunk, (ResolveContextLength(config) + 63) / 64 * 64) : PrefillChunk;

    /// <summary>Checks that the KV cache may have room for a context.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It may not.</exception>
    internal void CheckPages(ModelConfig config, int contextLength)
    {
        int least = KvGroups.Of(config, KvType).PagesOf(contextLength);
        if (MaxKvPages < least)
        {
            throw Bad(nameof(MaxKvPages), MaxKvPages, $"{least} or more, which a context of {contextLength} tokens takes");
        }
    }

    /// <summary>Throws <see cref="ArgumentException"/> or <see cref="ArgumentOutOfRangeException"/> naming the first bad option.</summary>
    public virtual void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Device);
        if (Draft is { Length: 0 })
        {
            throw new ArgumentException("Draft must be a path or a name, or null.", nameof(Draft));
        }

        if (ContextLength is < 1)
        {
            throw Bad(nameof(ContextLength), ContextLength, "1 token or more");
        }

        if (PrefillChunk is < 64 or > 8192 || PrefillChunk % 64 != 0)
        {
            throw Bad(nameof(PrefillChunk), PrefillChunk, "a multiple of 64 from 64 to 8192");
        }

        if (MaxKvPages is < 1)
        {
            throw Bad(nameof(MaxKvPages), MaxKvPages, "1 page or more");
        }

        if (Quantize is { } type && !Quantization.Supported.Contains(type))
        {
            throw Bad(nameof(Quantize), type, string.Join(" or ", Quantization.Supported));
        }

        if (Reproducible && Linear != LinearChoice.Auto)
        {
            throw Bad(nameof(Linear), Linear, $"{LinearChoice.Auto} where answers are to be reproducible");
        }

        if (!Enum.IsDefined(KvType))
        {
            throw Bad(nameof(KvType), KvType, "F16, F32 or Q8_0");
        }

        if (!Enum.IsDefined(Scheduling))
        {
            throw Bad(nameof(Scheduling), Scheduling, "LatencyFirst or ThroughputFirst");
        }
    }

    private static ArgumentOutOfRangeException Bad(string option, object value, string allowed) =>
        new(option, value, $"{option} must be {allowed}.");
}
