namespace VkInfer;

/// <summary>Which hidden states behind the last norm make a text's embedding.</summary>
public enum EmbeddingPooling
{
    /// <summary>That of the last token.</summary>
    Last,

    /// <summary>The mean over all tokens.</summary>
    Mean,

    /// <summary>That of the first token.</summary>
    Cls,
}
