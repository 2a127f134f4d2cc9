namespace VkInfer.Jinja;

/// <summary>One call of a builtin: what it is applied to, and its arguments.</summary>
internal sealed class BuiltinCall(
    Builtin builtin, RenderContext context, object? target, object?[] values, bool[] given, Arguments arguments)
{
    public RenderContext Context => context;

    public Budget Budget => context.Budget;

    /// <summary>What a filter, test or method is applied to.</summary>
    public object? Target => target;

    public Arguments Arguments => arguments;

    public object? this[int index] => values[index];

    public bool Has(int index) => given[index];

    public long Int(int index, long fallback = 0) => values[index] switch
    {
        _ when !given[index] => fallback,
        bool or long => Numbers.ToInt(values[index]),
        UndefinedValue undefined => throw undefined.Error(),
        var other => throw Wrong(index, "int", other),
    };

    public string Text(int index, string fallback = "") => values[index] switch
    {
        _ when !given[index] => fallback,
        string text => text,
        UndefinedValue undefined => throw undefined.Error(),
        var other => throw Wrong(index, "str", other),
    };

    /// <summary>A text, or null where none is given.</summary>
    public string? OptionalText(int index) => values[index] is null ? null : Text(index);

    public bool Flag(int index, bool fallback = false) => given[index] ? Comparison.IsTrue(values[index]) : fallback;

    /// <summary>What the builtin is applied to, as text.</summary>
    public string TargetText()
    {
        string text = Jinja.Text.Str(target, Budget);
        Budget.Work(text.Length);
        return text;
    }

    /// <summary>The items of what the builtin is applied to.</summary>
    public IReadOnlyList<object?> TargetItems() => Sequences.Iterate(target, Budget);

    public TextBuilder NewText() => new(Budget);

    public ListValue List(IEnumerable<object?> items) => new([.. items], Budget);

    /// <summary>What jinja2 makes by a generator: what fails in it fails for whoever reads that far.</summary>
    /// <param name="function">Name of jinja2's function.</param>
    /// <param name="items">Its items.</param>
    public GeneratorValue Generator(string function, IEnumerable<object?> items) => GeneratorValue.Of(function, items, Budget);

    private JinjaException Wrong(int index, string expected, object? value) =>
        JinjaException.Runtime($"{builtin.Name}() argument '{builtin.Parameters[index]}' must be {expected}, not {TypeNames.Of(value)}");
}

/// <summary>A builtin as a value of its own.</summary>
internal sealed class BuiltinFunction : ICallable
{
    private readonly Builtin _builtin;

    public BuiltinFunction(Builtin builtin) => _builtin = builtin;

    public BuiltinFunction(string name, Func<BuiltinCall, object?> body)
        : this(new Builtin(name, [], 0, true, body))
    {
    }

    public object? Call(RenderContext context, Arguments arguments) => _builtin.Invoke(context, null, arguments);
}

/// <summary>A method together with the value it belongs to.</summary>
internal sealed class BoundMethod(object? owner, Builtin method) : ICallable
{
    public string Name => method.Name;

    public object? Owner => owner;

    public object? Call(RenderContext context, Arguments arguments) => method.Invoke(context, owner, arguments);
}
