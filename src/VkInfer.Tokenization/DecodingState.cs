namespace VkInfer.Tokenization;

/// <summary>What decoding knows of the text so far.</summary>
internal struct DecodingState
{
    /// <summary>Whether no token has come yet that counts as text.</summary>
    public bool IsFirst;

    /// <summary>How often the character that a text must not begin with is still dropped.</summary>
    public int DropCount;

    /// <summary>Byte tokens that have not become text yet; null until there is one.</summary>
    public ByteRun? Run;
}
