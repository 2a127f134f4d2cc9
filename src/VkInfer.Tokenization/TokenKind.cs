namespace VkInfer.Tokenization;

/// <summary>The token types, numbered as <c>tokenizer.ggml.token_type</c> numbers them.</summary>
internal enum TokenKind : byte
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
