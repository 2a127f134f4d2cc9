namespace VkInfer.Jinja;

/// <summary>The state of one rendering.</summary>
internal sealed class RenderContext
{
    public RenderContext(JinjaOptions options)
    {
        Options = options;
        Budget = new Budget(options.Limits);
        Output = new TextBuilder(Budget);
        Globals = new Scope(null);
        Scope = new Scope(Globals);
    }

    public JinjaOptions Options { get; }

    public Budget Budget { get; }

    /// <summary>The line under evaluation.</summary>
    public int Line { get; set; } = 1;

    /// <summary>Whether an expression without variables is under way, of which jinja2 prints undefined parts as nothing.</summary>
    public bool IsConstant { get; set; }

    public TextBuilder Output { get; private set; }

    /// <summary>The caller's variables; what the template sets hides them.</summary>
    public Scope Globals { get; }

    public Scope Scope { get; private set; }

    public object? Lookup(string name) =>
        Scope.TryGet(name, out object? value) ? value
        : GlobalFunctions.TryGet(name, out object? function) ? function
        : UndefinedValue.Name(name);

    /// <summary>Runs a block in a scope.</summary>
    public Flow ExecuteIn(Scope scope, Block body)
    {
        Scope outer = Scope;
        Scope = scope;
        Flow flow = body.Execute(this);
        Scope = outer;
        return flow;
    }

    /// <summary>Evaluates in another scope.</summary>
    public object? EvaluateIn(Scope scope, Expression expression)
    {
        Scope outer = Scope;
        Scope = scope;
        object? value = expression.Evaluate(this);
        Scope = outer;
        return value;
    }

    /// <summary>Runs a block in a scope and returns what it writes.</summary>
    public string Capture(Scope scope, Block body) => Capture(() => ExecuteIn(scope, body));

    /// <summary>Returns what an action writes.</summary>
    public string Capture(Action action)
    {
        TextBuilder outer = Output;
        Output = new TextBuilder(Budget);
        action();
        string text = Output.ToString();
        Output = outer;
        return text;
    }
}
