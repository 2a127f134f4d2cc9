namespace VkInfer.Jinja;

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class LoopValue(IReadOnlyList<object?> items, int depth, Func<object?, RenderContext, string>? recurse) : ICallable
{
    private object? _lastChanged = new object();

    public int Index { get; set; }

    public int Count => items.Count;

    public object? Get(string name, Budget budget) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => depth - 1L,
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("there is no next item"),
        "cycle" => new BuiltinFunction("cycle", call => Cycle(call.Arguments.Positional)),
        "changed" => new BuiltinFunction("changed", call => Changed(new TupleValue([.. call.Arguments.Positional], budget), budget)),
        _ => UndefinedValue.Member(this, name, budget),
    };

    public object? Call(RenderContext context, Arguments arguments)
    {
        if (recurse is null)
        {
            throw JinjaException.Runtime("The loop must have the 'recursive' marker to be called recursively.");
        }

        return arguments.Positional is [var value] ? recurse(value, context) : throw JinjaException.Runtime("loop() takes one argument");
    }

    private object? Cycle(List<object?> values) =>
        values.Count > 0 ? values[Index % values.Count] : throw JinjaException.Runtime("no items for cycling given");

    private bool Changed(TupleValue values, Budget budget)
    {
        bool changed = !Comparison.AreEqual(_lastChanged, values, budget);
        _lastChanged = values;
        return changed;
    }
}
