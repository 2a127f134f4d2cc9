namespace VkInfer.Jinja;

/// <summary>Text outside of tags.</summary>
internal sealed class Data(int line, string text) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        context.Output.Append(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c>.</summary>
internal sealed class Print(int line, Expression value) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        context.IsConstant = value.IsConstant;
        object? result = value.Evaluate(context);
        context.IsConstant = false;
        context.Output.Append(Text.Str(result, context.Budget));
        return Flow.Next;
    }
}

/// <summary><c>{% if %} … {% elif %} … {% else %} … {% endif %}</c>.</summary>
internal sealed class If(int line, IReadOnlyList<(Expression Condition, Block Body)> branches, Block? otherwise) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        foreach ((Expression condition, Block body) in branches)
        {
            if (Comparison.IsTrue(condition.Evaluate(context)))
            {
                return body.Execute(context);
            }
        }

        return otherwise?.Execute(context) ?? Flow.Next;
    }
}

/// <summary><c>{% break %}</c> or <c>{% continue %}</c>.</summary>
internal sealed class LoopControl(int line, Flow flow) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context) => flow;
}

/// <summary><c>{% set target = value %}</c>.</summary>
internal sealed class Set(int line, Target target, Expression value) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        target.Assign(context, context.Scope, value.Evaluate(context));
        return Flow.Next;
    }
}

/// <summary><c>{% set target | filter %} … {% endset %}</c>.</summary>
internal sealed class SetBlock(int line, Target target, Filter? filter, Block body) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        object? value = context.Capture(new Scope(context.Scope), body);
        target.Assign(context, context.Scope, filter is null ? value : filter.ApplyChain(context, value));
        return Flow.Next;
    }
}

/// <summary><c>{% with a = b %} … {% endwith %}</c>, and blocks that have only a scope of their own.</summary>
internal sealed class With(int line, IReadOnlyList<(Target Target, Expression Value)> variables, Block body) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        var scope = new Scope(context.Scope);
        foreach ((Target target, Expression value) in variables)
        {
            target.Assign(context, scope, value.Evaluate(context));
        }

        return context.ExecuteIn(scope, body);
    }
}

/// <summary><c>{% filter name %} … {% endfilter %}</c>.</summary>
internal sealed class FilterBlock(int line, Filter filter, Block body) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        object? value = filter.ApplyChain(context, context.Capture(new Scope(context.Scope), body));
        context.Output.Append(Text.Str(value, context.Budget));
        return Flow.Next;
    }
}

/// <summary><c>{% macro name(parameters) %} … {% endmacro %}</c>.</summary>
internal sealed class MacroDefinition(int line, Macro macro) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        context.Scope.Set(macro.Name, new MacroValue(macro, context.Scope));
        return Flow.Next;
    }
}

/// <summary><c>{% call(parameters) macro(arguments) %} … {% endcall %}</c>.</summary>
internal sealed class CallBlock(int line, Macro caller, Call call) : Statement(line)
{
    protected override Flow ExecuteCore(RenderContext context)
    {
        object? value = call.Invoke(context, new MacroValue(caller, context.Scope));
        context.Output.Append(Text.Str(value, context.Budget));
        return Flow.Next;
    }
}
