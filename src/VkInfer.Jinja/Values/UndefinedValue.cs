namespace VkInfer.Jinja;

/// <summary>What a missing variable or attribute evaluates to: empty and false, and an error wherever more is asked of it.</summary>
internal sealed class UndefinedValue(string reason)
{
    public static UndefinedValue Name(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Member(object? owner, object? name, Budget budget) => new(name is string text
        ? $"{Text.Repr(TypeNames.Describe(owner), budget)} has no attribute {Text.Repr(text, budget)}"
        : $"{TypeNames.Describe(owner)} has no element {Text.Repr(name, budget)}");

    public JinjaException Error() => JinjaException.Runtime(reason);
}
