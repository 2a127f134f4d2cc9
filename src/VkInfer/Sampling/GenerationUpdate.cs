using VkInfer.Answers;

namespace VkInfer;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced an end-of-text token.</summary>
    EndOfText,

    /// <summary>One of the stop strings appeared.</summary>
    StopString,

    /// <summary>The asked number of tokens was reached.</summary>
    MaxTokens,

    /// <summary>The session's KV cache is full.</summary>
    ContextFull,

    /// <summary>The answer is whole, and the grammar allows nothing more.</summary>
    GrammarComplete,

    /// <summary>The request's deadline has passed.</summary>
    DeadlineExceeded,

    /// <summary>The memory of the KV cache holds no more of this sequence.</summary>
    OutOfPages,
}

/// <summary>What an answer cost.</summary>
/// <param name="PromptTokens">Tokens before the answer: the whole conversation so far, those in the cache among them.</param>
/// <param name="CachedTokens">Those of them whose keys and values were there already: they cost nothing.</param>
/// <param name="CompletionTokens">Tokens generated, the end-of-text token included.</param>
/// <param name="PrefillTime">Wall time until the prompt was processed.</param>
/// <param name="DecodeTime">Wall time of generating, from the end of prefill.</param>
public sealed record Usage(int PromptTokens, int CachedTokens, int CompletionTokens, TimeSpan PrefillTime, TimeSpan DecodeTime)
{
    /// <summary>Tokens that were guessed and verified; see <see cref="GenerationOptions.Speculates"/>.</summary>
    public int DraftedTokens { get; init; }

    /// <summary>
    /// Those of them that held. Each saved a step: the answer took <see cref="CompletionTokens"/> less <see cref="AcceptedTokens"/> steps.
    /// </summary>
    public int AcceptedTokens { get; init; }

    /// <summary>
    /// Turns of the conversation that were dropped before this answer, because they did not fit any more
    /// (<see cref="ContextOverflow.DropOldestTurns"/>).
    /// </summary>
    public int DroppedTurns { get; init; }

    /// <summary>Prompt tokens that were processed, per second of wall time.</summary>
    public double PrefillTokensPerSecond =>
        PrefillTime > TimeSpan.Zero ? (PromptTokens - CachedTokens) / PrefillTime.TotalSeconds : 0;

    /// <summary>Generated tokens per second of wall time.</summary>
    public double DecodeTokensPerSecond => DecodeTime > TimeSpan.Zero ? CompletionTokens / DecodeTime.TotalSeconds : 0;
}

/// <summary>A piece of an answer as it comes.</summary>
/// <param name="Text">Whole characters, possibly none: text is held back while it may be the beginning of a stop string.</param>
/// <param name="TokenIds">The tokens generated since the last update.</param>
/// <param name="FinishReason">Set on the last update only.</param>
/// <param name="Usage">Set on the last update only.</param>
public sealed record GenerationUpdate(string Text, IReadOnlyList<int> TokenIds, FinishReason? FinishReason, Usage? Usage)
{
    /// <summary>
    /// The text of a control token that comes behind <see cref="Text"/>, as <c>&lt;|channel|&gt;</c>; null: there is none. It is no part of
    /// the text; an <see cref="AnswerParser"/> takes both. Tokens that end a text are not told.
    /// </summary>
    public string? ControlToken { get; init; }

    /// <summary>
    /// In a <see cref="ChatSession"/>: what is added to the answer, told apart by the model's own format: text (all of it is
    /// <see cref="Text"/>) and what the model thinks (<see cref="ReasoningPiece"/>). Elsewhere empty: there an
    /// <see cref="AnswerParser"/> reads the updates.
    /// </summary>
    public IReadOnlyList<AnswerPiece> Pieces { get; init; } = [];

    /// <summary>One entry per token, where <see cref="SamplingOptions.LogProbabilities"/> asks for it; else empty.</summary>
    public IReadOnlyList<TokenLogProbabilities> LogProbabilities { get; init; } = [];
}
