using System.Collections.Frozen;

namespace VkInfer.Jinja;

/// <summary>A filter, test, method or function that this engine has.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">The names of its parameters.</param>
/// <param name="Required">How many of them must be given.</param>
/// <param name="TakesMore">Whether it takes any others, too.</param>
/// <param name="Body">What it does.</param>
internal sealed record Builtin(string Name, string[] Parameters, int Required, bool TakesMore, Func<BuiltinCall, object?> Body)
{
    /// <summary>Binds the arguments, and calls.</summary>
    public object? Invoke(RenderContext context, object? target, Arguments arguments)
    {
        object?[] values = new object?[Parameters.Length];
        bool[] given = new bool[Parameters.Length];
        if (arguments.Positional.Count > Parameters.Length && !TakesMore)
        {
            throw JinjaException.Runtime($"{Name}() takes at most {Parameters.Length} argument(s) ({arguments.Positional.Count} given)");
        }

        for (int i = 0; i < Parameters.Length; i++)
        {
            if (i < arguments.Positional.Count)
            {
                (values[i], given[i]) = (arguments.Positional[i], true);
            }
            else if (arguments.HasNamed && arguments.Named.TryGetValue(Parameters[i], out object? value))
            {
                (values[i], given[i]) = (value, true);
            }
            else if (i < Required)
            {
                throw JinjaException.Runtime($"{Name}() missing required argument '{Parameters[i]}'");
            }
        }

        if (arguments.HasNamed && !TakesMore && arguments.Named.Keys.FirstOrDefault(name => !Parameters.Contains(name)) is { } unknown)
        {
            throw JinjaException.Runtime($"{Name}() got an unexpected keyword argument '{unknown}'");
        }

        object? result = Body(new BuiltinCall(this, context, target, values, given, arguments));
        if (result is string text)
        {
            context.Budget.Text(text.Length);
        }

        return result;
    }
}

/// <summary>Builtins by name.</summary>
internal sealed class BuiltinTable : Dictionary<string, Builtin>
{
    public BuiltinTable()
        : base(StringComparer.Ordinal)
    {
    }

    /// <summary>Adds one.</summary>
    /// <param name="names">Its names, the first of which messages use.</param>
    /// <param name="parameters">Parameters with blanks between: those ending in ? may be missing; a last * takes any more.</param>
    /// <param name="body">What it does.</param>
    public void Add(string names, string parameters, Func<BuiltinCall, object?> body)
    {
        string[] all = parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool takesMore = all is [.., "*"];
        string[] own = takesMore ? all[..^1] : all;
        foreach (string name in names.Split(' '))
        {
            Add(name, new Builtin(
                name, [.. own.Select(parameter => parameter.TrimEnd('?'))], own.Count(parameter => !parameter.EndsWith('?')),
                takesMore, body));
        }
    }

    public FrozenDictionary<string, Builtin> Freeze() => this.ToFrozenDictionary(StringComparer.Ordinal);
}
