namespace VkInfer;

/// <summary>A token and the natural logarithm of its probability, under the model's own distribution: temperature 1, no filters.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="LogProbability">At most 0; −∞ where the model excludes the token.</param>
public readonly record struct TokenLogProbability(int TokenId, float LogProbability);

/// <summary>How likely a generated token was, and what else could have stood there.</summary>
/// <param name="Chosen">The token that was chosen.</param>
/// <param name="Top">The likeliest tokens, likeliest first; the chosen one need not be among them.</param>
public sealed record TokenLogProbabilities(TokenLogProbability Chosen, IReadOnlyList<TokenLogProbability> Top);
