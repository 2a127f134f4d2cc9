namespace VkInfer.Jinja;

/// <summary>The arguments of a call as the template writes them: <c>(a, b, c=d, *e, **f)</c>.</summary>
internal sealed class ArgumentList(
    IReadOnlyList<Expression> positional, IReadOnlyList<(string Name, Expression Value)> named, Expression? rest, Expression? namedRest)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);

    public Expression?[] Parts => [.. positional, .. named.Select(pair => pair.Value), rest, namedRest];

    public Arguments Evaluate(RenderContext context)
    {
        var arguments = new Arguments();
        foreach (Expression expression in positional)
        {
            arguments.Positional.Add(expression.Evaluate(context));
        }

        if (rest is not null)
        {
            arguments.Positional.AddRange(Sequences.Iterate(rest.Evaluate(context), context.Budget));
        }

        foreach ((string name, Expression expression) in named)
        {
            arguments.Named[name] = expression.Evaluate(context);
        }

        if (namedRest is not null)
        {
            DictValue dict = namedRest.Evaluate(context) as DictValue
                ?? throw JinjaException.Runtime("argument after ** must be a mapping");
            foreach ((object? name, object? value) in dict.Entries)
            {
                arguments.Named[name as string ?? throw JinjaException.Runtime("keywords must be strings")] = value;
            }
        }

        return arguments;
    }
}

/// <summary>The values of a call's arguments.</summary>
internal sealed class Arguments
{
    private Dictionary<string, object?>? _named;

    public List<object?> Positional { get; } = [];

    public Dictionary<string, object?> Named => _named ??= new(StringComparer.Ordinal);

    public bool HasNamed => _named is { Count: > 0 };
}
