namespace VkInfer.Jinja;

/// <summary><c>{% for target in items if condition %} … {% else %} … {% endfor %}</c>; each turn has a scope of its own.</summary>
internal sealed class For(int line, Target target, Expression items, Expression? condition, bool isRecursive, Block body, Block? otherwise)
    : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        Run(context, items.Evaluate(context), context.Scope, depth: 1);
        return Flow.Next;
    }

    /// <summary>Runs the loop over the items of a value.</summary>
    public void Run(RenderContext context, object? value, Scope outer, int depth)
    {
        IReadOnlyList<object?> all = Select(context, Sequences.Iterate(value, context.Budget), outer);
        if (all.Count == 0)
        {
            if (otherwise is not null)
            {
                context.ExecuteIn(new Scope(outer), otherwise);
            }

            return;
        }

        var loop = new LoopValue(all, depth, isRecursive ? (inner, itemContext) => Recurse(itemContext, inner, outer, depth + 1) : null);
        for (; loop.Index < all.Count; loop.Index++)
        {
            var scope = new Scope(outer);
            scope.Set("loop", loop);
            target.Assign(context, scope, all[loop.Index]);
            if (context.ExecuteIn(scope, body) == Flow.Break)
            {
                return;
            }
        }
    }

    private IReadOnlyList<object?> Select(RenderContext context, IReadOnlyList<object?> all, Scope outer)
    {
        if (condition is null)
        {
            return all;
        }

        var selected = new List<object?>();
        foreach (object? item in all)
        {
            var scope = new Scope(outer);
            target.Assign(context, scope, item);
            if (Comparison.IsTrue(context.EvaluateIn(scope, condition)))
            {
                selected.Add(item);
            }
        }

        return selected;
    }

    private string Recurse(RenderContext context, object? value, Scope outer, int depth) =>
        context.Capture(() => Run(context, value, outer, depth));
}
