using VkInfer.Grammar;

namespace VkInfer;

/// <summary>What happens when the KV cache is full before the answer is complete.</summary>
public enum ContextOverflow
{
    /// <summary>The answer ends with <see cref="FinishReason.ContextFull"/>.</summary>
    Stop,

    /// <summary><see cref="ContextLengthExceededException"/> is thrown.</summary>
    Error,

    /// <summary>
    /// Of a conversation (<see cref="ChatSession"/>) as many of the oldest turns go, each a message and its answer, as leave room for
    /// <see cref="GenerationOptions.MaxTokens"/>, or for a quarter of the capacity where that is not set; the system prompt and the latest
    /// message stay. <see cref="Usage.DroppedTurns"/> says how many went. An answer that fills that room all the same ends with
    /// <see cref="FinishReason.ContextFull"/>.
    /// </summary>
    DropOldestTurns,
}

/// <summary>
/// How one answer is generated. What is null is not set: a layer below may set it (<see cref="Over"/>), else the default holds. Immutable;
/// compared by value; thread-safe.
/// </summary>
public sealed record GenerationOptions
{
    private readonly SamplingOptions _sampling = new();
    private readonly TextList? _stopStrings;

    /// <summary>The longest <see cref="Deadline"/>: what timers can wait for.</summary>
    public static TimeSpan LongestDeadline { get; } = TimeSpan.FromDays(24);

    /// <summary>How each token is chosen, as far as the layers below do not say it.</summary>
    public SamplingOptions Sampling
    {
        get => _sampling;
        init => _sampling = value ?? throw new ArgumentNullException(nameof(Sampling));
    }

    /// <summary>Most tokens to generate; where nobody sets it, until the answer ends or the context is full.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>
    /// Texts that end the answer; they may span tokens and are not part of it. Copied; an empty list sets that there are none, which is the
    /// default.
    /// </summary>
    public IReadOnlyList<string>? StopStrings
    {
        get => _stopStrings;
        init => _stopStrings = value is null ? null : TextList.Of(value);
    }

    /// <summary>Goes on past the model's end-of-text tokens; by default not.</summary>
    public bool? IgnoreEndOfText { get; init; }

    /// <summary>
    /// What the answer must match, made by <see cref="JsonSchema"/> or <see cref="Gbnf"/>; where nobody sets it, anything. An answer that
    /// ends for another reason than <see cref="FinishReason.EndOfText"/> or <see cref="FinishReason.GrammarComplete"/> is a
    /// beginning of a match.
    /// </summary>
    public CompiledGrammar? Grammar { get; init; }

    /// <summary>
    /// Guesses what follows and verifies several tokens at once, as far as that pays: what a grammar forces, what followed the same tokens
    /// further up, and what a smaller model says (<see cref="ModelOptions.Draft"/>). Tokens are chosen as they would be without. Where
    /// logits are next to equal, rounding may decide otherwise, as it may in company of other sessions, unless the model is
    /// <see cref="ModelOptions.Reproducible"/>. Without effect where penalties are asked for, and in recurrent models. By default only
    /// where there is a smaller model.
    /// </summary>
    public bool? Speculates { get; init; }

    /// <summary>
    /// Who is served first where not all requests of a model fit into a step, or into its memory: more is sooner; equal ones as they came.
    /// By default 0.
    /// </summary>
    public int? Priority { get; init; }

    /// <summary>
    /// How long the answer may take, from the call on, prompt and waiting included; then it ends with
    /// <see cref="FinishReason.DeadlineExceeded"/>, with as much as there is. Where nobody sets it, as long as it takes.
    /// </summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>What happens when the KV cache is full; by default <see cref="ContextOverflow.Stop"/>.</summary>
    public ContextOverflow? Overflow { get; init; }

    /// <summary>These options where they are set, and others where they are not; <see cref="Sampling"/> likewise.</summary>
    /// <param name="defaults">The layer below.</param>
    public GenerationOptions Over(GenerationOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        return this with
        {
            Sampling = Sampling.Over(defaults.Sampling),
            MaxTokens = MaxTokens ?? defaults.MaxTokens,
            StopStrings = StopStrings ?? defaults.StopStrings,
            IgnoreEndOfText = IgnoreEndOfText ?? defaults.IgnoreEndOfText,
            Grammar = Grammar ?? defaults.Grammar,
            Speculates = Speculates ?? defaults.Speculates,
            Priority = Priority ?? defaults.Priority,
            Deadline = Deadline ?? defaults.Deadline,
            Overflow = Overflow ?? defaults.Overflow,
        };
    }

    /// <summary>Throws <see cref="ArgumentException"/> or <see cref="ArgumentOutOfRangeException"/> naming the first bad option.</summary>
    public void Validate()
    {
        Sampling.Validate();
        if (Overflow is { } overflow && !Enum.IsDefined(overflow))
        {
            throw new ArgumentOutOfRangeException(nameof(Overflow), Overflow, "Overflow must be Stop, Error or DropOldestTurns.");
        }

        if (MaxTokens is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxTokens), MaxTokens, "MaxTokens must be 1 or more, or null.");
        }

        if (Deadline is { } deadline && (deadline <= TimeSpan.Zero || deadline > LongestDeadline))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Deadline), deadline, $"Deadline must be above zero and at most {LongestDeadline}, or null.");
        }

        if (StopStrings?.Any(string.IsNullOrEmpty) == true)
        {
            throw new ArgumentException("StopStrings must not hold an empty string or null.", nameof(StopStrings));
        }
    }
}
