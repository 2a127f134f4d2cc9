namespace VkInfer.Jinja;

/// <summary>A bag of variables that blocks may set from within: the only value that changes.</summary>
internal sealed class NamespaceValue
{
    public Dictionary<string, object?> Variables { get; } = new(StringComparer.Ordinal);
}
