using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>What <c>value is name</c> can ask.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Builtin> Table = new BuiltinTable
    {
        { "defined", "", call => call.Target is not UndefinedValue },
        { "undefined", "", call => call.Target is UndefinedValue },
        { "none", "", call => call.Target is null },
        { "boolean", "", call => call.Target is bool },
        { "true", "", call => call.Target is true },
        { "false", "", call => call.Target is false },
        { "integer", "", call => call.Target is long },
        { "float", "", call => call.Target is double },
        { "number", "", call => Numbers.Is(call.Target) },
        { "string", "", call => call.Target is string },
        { "mapping", "", call => call.Target is DictValue },
        { "sequence", "", call => call.Target is string or DictValue or RangeValue or UndefinedValue or ListValue or TupleValue },
        { "iterable", "", call => Sequences.IsIterable(call.Target) },
        { "callable", "", call => call.Target is ICallable or UndefinedValue },
        { "escaped", "", _ => false },
        { "sameas", "other", call => IsSame(call.Target, call[0]) },
        { "lower", "", call => StringMethods.Table["islower"].Invoke(call.Context, call.TargetText(), call.Arguments) },
        { "upper", "", call => StringMethods.Table["isupper"].Invoke(call.Context, call.TargetText(), call.Arguments) },
        { "odd", "", call => Modulo(call.Target, 2L) == 1 },
        { "even", "", call => Modulo(call.Target, 2L) == 0 },
        { "divisibleby", "num", call => Modulo(call.Target, call[0]) == 0 },
        { "in", "seq", call => Operators.Contains(call[0], call.Target, call.Budget) },
        { "eq == equalto", "other", call => Comparison.AreEqual(call.Target, call[0], call.Budget) },
        { "ne !=", "other", call => !Comparison.AreEqual(call.Target, call[0], call.Budget) },
        { "lt < lessthan", "other", call => Comparison.Compare(call.Target, call[0], "<", call.Budget) < 0 },
        { "le <=", "other", call => Comparison.Compare(call.Target, call[0], "<=", call.Budget) <= 0 },
        { "gt > greaterthan", "other", call => Comparison.Compare(call.Target, call[0], ">", call.Budget) > 0 },
        { "ge >=", "other", call => Comparison.Compare(call.Target, call[0], ">=", call.Budget) >= 0 },
        { "filter", "", call => Hashable(call) is string name && Filters.Exists(name) },
        { "test", "", call => Hashable(call) is string name && Exists(name) },
    }.Freeze();

    public static bool Apply(RenderContext context, string name, object? value, Arguments arguments) =>
        Table.TryGetValue(name, out Builtin? test)
        ? (bool)test.Invoke(context, value, arguments)!
        : throw JinjaException.Runtime($"No test named '{name}'.");

    private static object? Hashable(BuiltinCall call) => call.Target is ListValue or DictValue
        ? throw JinjaException.Runtime($"unhashable type: '{TypeNames.Of(call.Target)}'")
        : call.Target;

    private static bool Exists(string name) => Table.ContainsKey(name);

    private static bool IsSame(object? a, object? b) => (a, b) switch
    {
        (bool x, bool y) => x == y,
        (long x, long y) => x == y,
        (string x, string y) => ReferenceEquals(x, y) || (x.Length <= 1 && x == y),
        _ => ReferenceEquals(a, b),
    };

    private static double Modulo(object? value, object? divisor)
    {
        if (value is UndefinedValue undefined)
        {
            throw undefined.Error();
        }

        return Numbers.Is(value) && Numbers.Is(divisor)
            ? Numbers.ToDouble(Numbers.Apply(BinaryOperator.Modulo, value, divisor))
            : throw JinjaException.Runtime($"unsupported operand type(s) for %: '{TypeNames.Of(value)}' and '{TypeNames.Of(divisor)}'");
    }
}
