namespace VkInfer.Jinja;

/// <summary>Python's names of the types, for messages.</summary>
internal static class TypeNames
{
    public static string Of(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long => "int",
        double => "float",
        string => "str",
        ListValue => "list",
        TupleValue => "tuple",
        DictValue => "dict",
        RangeValue => "range",
        ViewValue view => view.TypeName,
        GeneratorValue generator => generator.TypeName,
        UndefinedValue => "Undefined",
        NamespaceValue => "Namespace",
        MacroValue => "Macro",
        LoopValue => "LoopContext",
        BoundMethod => "builtin_function_or_method",
        _ => "function",
    };

    public static string Describe(object? value) => value switch
    {
        null => "None",
        NamespaceValue or MacroValue => $"jinja2.utils.{Of(value)} object",
        _ => $"{Of(value)} object",
    };
}
