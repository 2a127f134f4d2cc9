namespace VkInfer.Engine.Sequences;

/// <summary>How the tokens of a sequence are chosen. Plain data.</summary>
/// <param name="Sampling">By which options.</param>
/// <param name="Seed">Seed of the random numbers.</param>
/// <param name="Drawn">Tokens that were drawn with it before.</param>
/// <param name="Mask">
/// A bit for each token, the lowest of each word first: which may come next. Changes only while no step of the sequence is under way. Null:
/// all may.
/// </param>
internal sealed record TokenSelection(SamplingParameters Sampling, ulong Seed, int Drawn, uint[]? Mask);
