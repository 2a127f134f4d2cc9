namespace VkInfer.Tokenization;

/// <summary>What a tokenizer's file may ask for, so that a hostile one costs about a second and some hundred megabytes at most.</summary>
internal static class TokenizerLimits
{
    /// <summary>Most tokens; published vocabularies have up to about 300 000.</summary>
    public const int MaxTokens = 1 << 19;

    /// <summary>Most tokens that are looked for in text; published files have up to about 7000.</summary>
    public const int MaxAddedTokens = 1 << 16;

    /// <summary>Most merges; published files have up to about 600 000.</summary>
    public const int MaxMerges = 800_000;

    /// <summary>Longest text of all tokens together; published vocabularies have about 3 MB.</summary>
    public const long MaxTextLength = 16 << 20;

    /// <summary>Longest text of a token that is looked for in text.</summary>
    public const int MaxSpecialLength = 1024;

    /// <summary>Most values in a <c>tokenizer.json</c>; the largest in use have about two million.</summary>
    public const int MaxJsonValues = 6_000_000;

    /// <summary>Most steps of a normalizer, a pre-tokenizer or a decoder.</summary>
    public const int MaxSteps = 256;

    /// <summary>Checks a number of tokens, or of what else there is a limit for.</summary>
    public static void CheckCount(string field, long count, int limit = MaxTokens)
    {
        if (count > limit)
        {
            throw new TokenizerException(field, $"at most {limit}", $"{count}");
        }
    }

    /// <summary>Checks the length of all tokens together.</summary>
    public static void CheckLength(string field, long length)
    {
        if (length > MaxTextLength)
        {
            throw new TokenizerException(field, $"tokens of together at most {MaxTextLength} characters", "more");
        }
    }
}
