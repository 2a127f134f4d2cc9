namespace VkInfer.Tokenization;

/// <summary>What a tokenizer knows of special tokens beyond a vocabulary's types.</summary>
/// <param name="SpecialTokens">Those to look for before anything else.</param>
/// <param name="Before">What stands in front of a text.</param>
/// <param name="After">What stands behind it.</param>
internal sealed record TokenizerFrame(SpecialTokens SpecialTokens, int[] Before, int[] After);
