namespace VkInfer.Jinja;

internal enum TokenKind
{
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Integer,
    Float,
    String,
    Operator,
    End,
}

/// <summary>A piece of a template's source; the text of a string is what it stands for.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, object? Value = null)
{
    public string Describe() => Kind switch
    {
        TokenKind.End => "end of template",
        TokenKind.VariableEnd or TokenKind.BlockEnd => "end of statement",
        TokenKind.Data => "text",
        _ => $"'{(Text.Length > 40 ? Text[..40] : Text)}'",
    };
}
