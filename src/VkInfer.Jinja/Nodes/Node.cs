namespace VkInfer.Jinja;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression(int line, params ReadOnlySpan<Expression?> parts)
{
    public int Line { get; } = line;

    /// <summary>Expressions within expressions; bounds the recursion of <see cref="Evaluate"/>.</summary>
    public int Depth { get; } = 1 + Deepest(parts);

    /// <summary>Whether the value is the same in every rendering, so that jinja2 may compute it while it compiles.</summary>
    public virtual bool IsConstant { get; } = AreConstant(parts);

    public object? Evaluate(RenderContext context)
    {
        context.Budget.Enter();
        int outer = context.Line;
        context.Line = Line;
        object? value = IsConstant && !context.IsConstant ? EvaluateConstant(context) : EvaluateCore(context);
        context.Line = outer;
        context.Budget.Leave();
        return value;
    }

    protected abstract object? EvaluateCore(RenderContext context);

    /// <summary>As jinja2 does while it compiles, which keeps what can be written down and leaves the rest for the rendering.</summary>
    private object? EvaluateConstant(RenderContext context)
    {
        context.IsConstant = true;
        object? value = EvaluateCore(context);
        context.IsConstant = false;
        return HasUndefined(value) ? EvaluateCore(context) : value;
    }

    private static bool HasUndefined(object? value) => value switch
    {
        UndefinedValue => true,
        CollectionValue collection => collection.Items.Any(HasUndefined),
        DictValue dict => dict.Values.Any(HasUndefined),
        _ => false,
    };

    private static bool AreConstant(ReadOnlySpan<Expression?> parts)
    {
        foreach (Expression? part in parts)
        {
            if (part is { IsConstant: false })
            {
                return false;
            }
        }

        return true;
    }

    private static int Deepest(ReadOnlySpan<Expression?> parts)
    {
        int deepest = 0;
        foreach (Expression? part in parts)
        {
            deepest = Math.Max(deepest, part?.Depth ?? 0);
        }

        return deepest;
    }
}

/// <summary>How a statement ends.</summary>
internal enum Flow
{
    /// <summary>The next statement follows.</summary>
    Next,

    /// <summary>The loop goes on with its next item.</summary>
    Continue,

    /// <summary>The loop ends.</summary>
    Break,
}

/// <summary>A part of a template that does something.</summary>
internal abstract class Statement(int line)
{
    public Flow Execute(RenderContext context)
    {
        context.Budget.Enter();
        context.Line = line;
        Flow flow = ExecuteCore(context);
        context.Budget.Leave();
        return flow;
    }

    protected abstract Flow ExecuteCore(RenderContext context);
}

/// <summary>Statements in a row.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements)
{
    public Flow Execute(RenderContext context)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = statement.Execute(context);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }
}
