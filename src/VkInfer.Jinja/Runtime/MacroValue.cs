namespace VkInfer.Jinja;

/// <summary>A macro as the template defines it.</summary>
/// <param name="Name">Its name; <c>caller</c> for the body of a call block.</param>
/// <param name="Parameters">Its parameters, with their defaults.</param>
/// <param name="Body">What it writes.</param>
/// <param name="Specials">Which of varargs, kwargs and caller its body asks for.</param>
internal sealed record Macro(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Block Body, IReadOnlySet<string> Specials);

/// <summary>A macro together with the scope it was defined in, where it finds the variables that are not its own.</summary>
internal sealed class MacroValue(Macro macro, Scope closure) : ICallable
{
    public string Name => macro.Name;

    public object? Call(RenderContext context, Arguments arguments)
    {
        var scope = new Scope(closure);
        List<object?> given = arguments.Positional;
        var named = new Dictionary<string, object?>(arguments.HasNamed ? arguments.Named : [], StringComparer.Ordinal);
        for (int i = 0; i < macro.Parameters.Count; i++)
        {
            (string? name, Expression? fallback) = macro.Parameters[i];
            if (i < given.Count)
            {
                if (named.ContainsKey(name))
                {
                    throw JinjaException.Runtime($"macro '{Name}' got multiple values for argument '{name}'");
                }

                scope.Set(name, given[i]);
            }
            else if (named.Remove(name, out object? value))
            {
                scope.Set(name, value);
            }
            else
            {
                scope.Set(name, fallback is null
                    ? new UndefinedValue($"parameter '{name}' was not provided")
                    : context.EvaluateIn(scope, fallback));
            }
        }

        BindRest(context, scope, given, named);
        return context.Capture(scope, macro.Body);
    }

    private void BindRest(RenderContext context, Scope scope, List<object?> given, Dictionary<string, object?> named)
    {
        if (macro.Specials.Contains("caller"))
        {
            scope.Set("caller", named.Remove("caller", out object? caller) ? caller : new UndefinedValue("No caller defined"));
        }

        if (macro.Specials.Contains("kwargs"))
        {
            scope.Set("kwargs", new DictValue(named.Select(pair => KeyValuePair.Create((object?)pair.Key, pair.Value)), context.Budget));
        }
        else if (named.Count > 0)
        {
            throw JinjaException.Runtime($"macro '{Name}' takes no keyword argument '{named.Keys.First()}'");
        }

        if (macro.Specials.Contains("varargs"))
        {
            scope.Set("varargs", new TupleValue([.. given.Skip(macro.Parameters.Count)], context.Budget));
        }
        else if (given.Count > macro.Parameters.Count)
        {
            throw JinjaException.Runtime($"macro '{Name}' takes not more than {macro.Parameters.Count} argument(s)");
        }
    }
}
