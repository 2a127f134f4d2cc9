using Microsoft.Extensions.Configuration;

namespace VkInfer;

/// <summary>
/// What a program that runs a model can be told from outside: which model, how it is loaded, and how it answers where a call does not say.
/// Set by code, or bound from a configuration, whose keys are the names of these properties. Read once, when a model is loaded or a client
/// is made: later changes have no effect. Compared by value. Not thread-safe while it is changed.
/// </summary>
public sealed record VkInferOptions : ModelOptions
{
    private TokenBiases? _logitBias;
    private TextList? _stopStrings;

    /// <summary>
    /// The model: a GGUF file, a Hugging Face folder, or a name like <c>hf:owner/repo:Q4_K_M</c>, which is downloaded on first use
    /// (<see cref="ModelStore"/>). Null: the model of the package VkInfer.Models.Mini.
    /// </summary>
    public string? Model { get; set; }

    /// <inheritdoc cref="GenerationOptions.MaxTokens"/>
    public int? MaxTokens { get; set; }

    /// <inheritdoc cref="GenerationOptions.StopStrings"/>
    public IReadOnlyList<string>? StopStrings
    {
        get => _stopStrings;
        set => _stopStrings = value is null ? null : TextList.Of(value);
    }

    /// <inheritdoc cref="GenerationOptions.IgnoreEndOfText"/>
    public bool? IgnoreEndOfText { get; set; }

    /// <inheritdoc cref="GenerationOptions.Speculates"/>
    public bool? Speculates { get; set; }

    /// <inheritdoc cref="GenerationOptions.Priority"/>
    public int? Priority { get; set; }

    /// <inheritdoc cref="GenerationOptions.Deadline"/>
    public TimeSpan? Deadline { get; set; }

    /// <inheritdoc cref="GenerationOptions.Overflow"/>
    public ContextOverflow? Overflow { get; set; }

    /// <inheritdoc cref="SamplingOptions.Temperature"/>
    public float? Temperature { get; set; }

    /// <inheritdoc cref="SamplingOptions.TopK"/>
    public int? TopK { get; set; }

    /// <inheritdoc cref="SamplingOptions.TopP"/>
    public float? TopP { get; set; }

    /// <inheritdoc cref="SamplingOptions.MinP"/>
    public float? MinP { get; set; }

    /// <inheritdoc cref="SamplingOptions.TypicalP"/>
    public float? TypicalP { get; set; }

    /// <inheritdoc cref="SamplingOptions.RepetitionPenalty"/>
    public float? RepetitionPenalty { get; set; }

    /// <inheritdoc cref="SamplingOptions.FrequencyPenalty"/>
    public float? FrequencyPenalty { get; set; }

    /// <inheritdoc cref="SamplingOptions.PresencePenalty"/>
    public float? PresencePenalty { get; set; }

    /// <inheritdoc cref="SamplingOptions.PenaltyWindow"/>
    public int? PenaltyWindow { get; set; }

    /// <inheritdoc cref="SamplingOptions.LogitBias"/>
    public IReadOnlyDictionary<int, float>? LogitBias
    {
        get => _logitBias;
        set => _logitBias = value is null ? null : TokenBiases.Of(value);
    }

    /// <inheritdoc cref="SamplingOptions.LogProbabilities"/>
    public int? LogProbabilities { get; set; }

    /// <inheritdoc cref="SamplingOptions.Seed"/>
    public ulong? Seed { get; set; }

    /// <summary>Options that a configuration holds, such as the section <c>VkInfer</c> of <c>appsettings.json</c>.</summary>
    /// <param name="configuration">Its keys are the names of this record's properties, in any case; null sets nothing.</param>
    /// <exception cref="OptionsException">A key is none of them, or a value is not allowed; the message says which.</exception>
    public static VkInferOptions From(IConfiguration configuration)
    {
        var options = new VkInferOptions();
        options.Bind(configuration);
        return options;
    }

    /// <summary>Sets what a configuration holds; the rest stays.</summary>
    /// <param name="configuration">Its keys are the names of this record's properties, in any case; null sets nothing.</param>
    /// <exception cref="OptionsException">A key is none of them, or a value is not allowed; the message says which.</exception>
    public void Bind(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        OptionsBinding.CheckKeys(configuration);
        try
        {
            ConfigurationBinder.Bind(configuration, this);
            Validate();
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException)
        {
            throw OptionsBinding.Explain(configuration, problem);
        }
    }

    /// <summary>The part that concerns answers; what is not set stays so.</summary>
    public GenerationOptions ToGenerationOptions() => new()
    {
        MaxTokens = MaxTokens,
        StopStrings = StopStrings,
        IgnoreEndOfText = IgnoreEndOfText,
        Speculates = Speculates,
        Priority = Priority,
        Deadline = Deadline,
        Overflow = Overflow,
        Sampling = new SamplingOptions
        {
            Temperature = Temperature,
            TopK = TopK,
            TopP = TopP,
            MinP = MinP,
            TypicalP = TypicalP,
            RepetitionPenalty = RepetitionPenalty,
            FrequencyPenalty = FrequencyPenalty,
            PresencePenalty = PresencePenalty,
            PenaltyWindow = PenaltyWindow,
            LogitBias = LogitBias,
            LogProbabilities = LogProbabilities,
            Seed = Seed,
        },
    };

    /// <inheritdoc/>
    public override void Validate()
    {
        if (Model is { Length: 0 })
        {
            throw new ArgumentException("Model must be a path or a name, or null.", nameof(Model));
        }

        base.Validate();
        ToGenerationOptions().Validate();
    }
}
