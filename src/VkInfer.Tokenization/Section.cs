namespace VkInfer.Tokenization;

/// <summary>Where a stretch of text without special tokens stands.</summary>
/// <param name="IsStart">Whether the whole text begins with it.</param>
/// <param name="Continues">Whether it goes on with text before it, so that no space is put in front.</param>
/// <param name="IsTrusted">Whether control tokens may come out of it.</param>
/// <param name="Normalized">Special tokens that are found in it once it is normalised; null: none.</param>
internal readonly record struct Section(bool IsStart, bool Continues, bool IsTrusted, SpecialTokenFinder? Normalized);
