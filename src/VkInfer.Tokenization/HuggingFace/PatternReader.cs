namespace VkInfer.Tokenization;

/// <summary>Reads a <c>pattern</c>: <c>{"String": …}</c>, <c>{"Regex": …}</c>, or the text itself.</summary>
internal static class PatternReader
{
    public static Pattern Read(JsonField node)
    {
        if (node.IsString)
        {
            return new Pattern(node.AsString(), null, node.Place);
        }

        return node.Optional("String") is { } literal
            ? new Pattern(literal.AsString(), null, literal.Place)
            : new Pattern(null, FileRegex.Create(node.Required("Regex").AsString(), node.Place + ".Regex"), node.Place);
    }
}
