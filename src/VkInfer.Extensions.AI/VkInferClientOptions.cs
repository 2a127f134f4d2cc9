using VkInfer.Kernels;

namespace VkInfer.Extensions.AI;

/// <summary>
/// How a <see cref="VkInferChatClient"/> loads its model, and how it answers where <c>ChatOptions</c> says nothing. Bound from
/// configuration, or set by code. Read once, when the client is created.
/// </summary>
public sealed class VkInferClientOptions
{
    /// <summary>
    /// The model: a GGUF file, a Hugging Face folder, or a name like <c>hf:owner/repo:Q4_K_M</c>, which is downloaded on first use
    /// (<see cref="ModelStore"/>). Null: the model of the package VkInfer.Models.Mini.
    /// </summary>
    public string? Model { get; set; }

    /// <inheritdoc cref="ModelOptions.Device"/>
    public string Device { get; set; } = "auto";

    /// <inheritdoc cref="ModelOptions.ContextLength"/>
    public int? ContextLength { get; set; }

    /// <inheritdoc cref="ModelOptions.KvType"/>
    public KvType KvType { get; set; } = KvType.F16;

    /// <inheritdoc cref="ModelOptions.PrefillChunk"/>
    public int PrefillChunk { get; set; } = 1024;

    /// <inheritdoc cref="ModelOptions.Quantize"/>
    public WeightType? Quantize { get; set; }

    /// <inheritdoc cref="ModelOptions.Validation"/>
    public bool Validation { get; set; }

    /// <summary>Most tokens of an answer; null: until it ends or the context is full.</summary>
    public int? MaxOutputTokens { get; set; }

    /// <summary>See <see cref="SamplingOptions.Temperature"/>; null: as the model's files say, or its default.</summary>
    public float? Temperature { get; set; }

    /// <summary>See <see cref="SamplingOptions.TopK"/>; null: as the model's files say, or its default.</summary>
    public int? TopK { get; set; }

    /// <summary>See <see cref="SamplingOptions.TopP"/>; null: as the model's files say, or its default.</summary>
    public float? TopP { get; set; }

    /// <summary>See <see cref="SamplingOptions.MinP"/>; null: as the model's files say, or its default.</summary>
    public float? MinP { get; set; }

    /// <summary>See <see cref="SamplingOptions.RepetitionPenalty"/>; null: as the model's files say, or its default.</summary>
    public float? RepetitionPenalty { get; set; }

    /// <summary>See <see cref="SamplingOptions.FrequencyPenalty"/>; null: as the model's files say, or its default.</summary>
    public float? FrequencyPenalty { get; set; }

    /// <summary>See <see cref="SamplingOptions.PresencePenalty"/>; null: as the model's files say, or its default.</summary>
    public float? PresencePenalty { get; set; }

    /// <summary>See <see cref="SamplingOptions.Seed"/>; null: a new one for each answer.</summary>
    public ulong? Seed { get; set; }

    /// <summary>Throws <see cref="ArgumentException"/> naming the first option that is not allowed.</summary>
    public void Validate()
    {
        if (Model is { Length: 0 })
        {
            throw new ArgumentException("Model must be a path or a name, or null.", nameof(Model));
        }

        ArgumentException.ThrowIfNullOrEmpty(Device);
        ArgumentOutOfRangeException.ThrowIfLessThan(ContextLength ?? 1, 1, nameof(ContextLength));
        ToModelOptions().Validate();
        ToGenerationOptions().Validate();
    }

    internal ModelOptions ToModelOptions() => new()
    {
        Device = Device,
        ContextLength = ContextLength,
        KvType = KvType,
        PrefillChunk = PrefillChunk,
        Quantize = Quantize,
        Validation = Validation,
    };

    internal GenerationOptions ToGenerationOptions() => new()
    {
        MaxTokens = MaxOutputTokens,
        Sampling = new SamplingOptions
        {
            Temperature = Temperature,
            TopK = TopK,
            TopP = TopP,
            MinP = MinP,
            RepetitionPenalty = RepetitionPenalty,
            FrequencyPenalty = FrequencyPenalty,
            PresencePenalty = PresencePenalty,
            Seed = Seed,
        },
    };

    internal VkInferClientOptions Clone() => (VkInferClientOptions)MemberwiseClone();
}
