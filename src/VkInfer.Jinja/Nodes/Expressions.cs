namespace VkInfer.Jinja;

/// <summary>A number, a string, true, false or none.</summary>
internal sealed class Constant(int line, object? value) : Expression(line)
{
    public object? Value { get; } = value;

    protected override object? EvaluateCore(RenderContext context) => Value;
}

/// <summary>A variable.</summary>
internal sealed class Name(int line, string text) : Expression(line)
{
    public string Text { get; } = text;

    public override bool IsConstant => false;

    protected override object? EvaluateCore(RenderContext context) => context.Lookup(Text);
}

/// <summary><c>[a, b]</c> or <c>(a, b)</c>.</summary>
internal sealed class Sequence(int line, Expression[] items, bool isTuple) : Expression(line, items)
{
    public IReadOnlyList<Expression> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;

    protected override object? EvaluateCore(RenderContext context)
    {
        var values = new List<object?>(items.Length);
        foreach (Expression item in items)
        {
            values.Add(item.Evaluate(context));
        }

        return IsTuple ? new TupleValue(values, context.Budget) : new ListValue(values, context.Budget);
    }
}

/// <summary><c>{a: b}</c>; keys and values take turns.</summary>
internal sealed class DictLiteral(int line, Expression[] parts) : Expression(line, parts)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        var entries = new List<KeyValuePair<object?, object?>>(parts.Length / 2);
        for (int i = 0; i < parts.Length; i += 2)
        {
            entries.Add(new(parts[i].Evaluate(context), parts[i + 1].Evaluate(context)));
        }

        return new DictValue(entries, context.Budget);
    }
}

/// <summary><c>owner.name</c>.</summary>
internal sealed class GetAttribute(int line, Expression owner, string name) : Expression(line, owner)
{
    public Expression Owner { get; } = owner;

    public string Name { get; } = name;

    protected override object? EvaluateCore(RenderContext context) => Members.GetAttribute(Owner.Evaluate(context), Name, context.Budget);
}

/// <summary><c>owner[key]</c>.</summary>
internal sealed class GetItem(int line, Expression owner, Expression key) : Expression(line, owner, key)
{
    protected override object? EvaluateCore(RenderContext context) =>
        Members.GetItem(owner.Evaluate(context), key.Evaluate(context), context.Budget);
}

/// <summary><c>owner[start:stop:step]</c>.</summary>
internal sealed class GetSlice(int line, Expression owner, Expression? start, Expression? stop, Expression? step)
    : Expression(line, owner, start, stop, step)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = owner.Evaluate(context);
        object?[] bounds = [start?.Evaluate(context), stop?.Evaluate(context), step?.Evaluate(context)];
        if (value is UndefinedValue undefined)
        {
            throw undefined.Error();
        }

        if (Sequences.HasSlices(value) && bounds.All(bound => bound is null or long or bool))
        {
            return Sequences.Slice(value, Bound(bounds[0]), Bound(bounds[1]), Bound(bounds[2]) ?? 1, context.Budget);
        }

        // What jinja2 computes while it compiles is undefined; while it renders, Python complains.
        return context.IsConstant
            ? new UndefinedValue($"{TypeNames.Describe(value)} has no such slice")
            : throw JinjaException.Runtime(Sequences.HasSlices(value)
                ? "slice indices must be integers or None"
                : $"'{TypeNames.Of(value)}' object is not subscriptable");
    }

    private static long? Bound(object? bound) => bound is null ? null : Numbers.ToInt(bound);
}

/// <summary><c>whenTrue if condition else whenFalse</c>.</summary>
internal sealed class Conditional(int line, Expression whenTrue, Expression condition, Expression? whenFalse)
    : Expression(line, whenTrue, condition, whenFalse)
{
    private static readonly UndefinedValue Missing =
        new("the inline if-expression evaluated to false and no else section was defined.");

    protected override object? EvaluateCore(RenderContext context) => Comparison.IsTrue(condition.Evaluate(context))
        ? whenTrue.Evaluate(context)
        : whenFalse is null ? Missing : whenFalse.Evaluate(context);
}

/// <summary><c>callee(arguments)</c>.</summary>
internal sealed class Call(int line, Expression callee, ArgumentList arguments) : Expression(line, [callee, .. arguments.Parts])
{
    public override bool IsConstant => false;

    protected override object? EvaluateCore(RenderContext context) => Invoke(context, null);

    /// <summary>Calls with a caller, as a call block does.</summary>
    public object? Invoke(RenderContext context, MacroValue? caller)
    {
        object? target = callee.Evaluate(context);
        Arguments values = arguments.Evaluate(context);
        if (caller is not null)
        {
            values.Named["caller"] = caller;
        }

        return target switch
        {
            ICallable callable => callable.Call(context, values),
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw JinjaException.Runtime($"'{TypeNames.Of(target)}' object is not callable"),
        };
    }
}

/// <summary><c>value|name(arguments)</c>; without a value within a filter block.</summary>
internal sealed class Filter(int line, Expression? value, string name, ArgumentList arguments)
    : Expression(line, [value, .. arguments.Parts])
{
    // These look at the context, so that jinja2 leaves them for the rendering.
    public override bool IsConstant => base.IsConstant && name is not ("map" or "select" or "reject" or "selectattr" or "rejectattr");

    protected override object? EvaluateCore(RenderContext context) => Apply(context, value!.Evaluate(context));

    public object? Apply(RenderContext context, object? input) => Filters.Apply(context, name, input, arguments.Evaluate(context));

    /// <summary>Applies the innermost filter of a chain to a value, and the others to what comes out.</summary>
    public object? ApplyChain(RenderContext context, object? input) =>
        Apply(context, value is Filter inner ? inner.ApplyChain(context, input) : input);
}

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed class Test(int line, Expression value, string name, ArgumentList arguments) : Expression(line, [value, .. arguments.Parts])
{
    protected override object? EvaluateCore(RenderContext context) =>
        Tests.Apply(context, name, value.Evaluate(context), arguments.Evaluate(context));
}
