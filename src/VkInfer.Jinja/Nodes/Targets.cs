namespace VkInfer.Jinja;

/// <summary>What a value is assigned to.</summary>
internal abstract class Target
{
    public abstract void Assign(RenderContext context, Scope scope, object? value);
}

/// <summary>A variable.</summary>
internal sealed class NameTarget(string name) : Target
{
    public override void Assign(RenderContext context, Scope scope, object? value) => scope.Set(name, value);
}

/// <summary>A variable of a namespace: <c>ns.name</c>.</summary>
internal sealed class NamespaceTarget(string owner, string name) : Target
{
    public override void Assign(RenderContext context, Scope scope, object? value)
    {
        NamespaceValue target = context.Lookup(owner) as NamespaceValue
            ?? throw JinjaException.Runtime("cannot assign attribute on non-namespace object");
        context.Budget.Items(1);
        target.Variables[name] = value;
    }
}

/// <summary>Several targets: <c>a, b</c>.</summary>
internal sealed class TupleTarget(IReadOnlyList<Target> targets) : Target
{
    public override void Assign(RenderContext context, Scope scope, object? value)
    {
        IReadOnlyList<object?> values = Sequences.Iterate(value, context.Budget);
        if (values.Count != targets.Count)
        {
            throw JinjaException.Runtime(values.Count > targets.Count
                ? $"too many values to unpack (expected {targets.Count})"
                : $"not enough values to unpack (expected {targets.Count}, got {values.Count})");
        }

        for (int i = 0; i < targets.Count; i++)
        {
            targets[i].Assign(context, scope, values[i]);
        }
    }
}
