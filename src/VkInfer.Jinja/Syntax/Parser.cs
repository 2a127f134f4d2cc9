namespace VkInfer.Jinja;

/// <summary>Parses text and statements.</summary>
internal sealed class Parser
{
    private static readonly HashSet<string> SpecialNames = ["varargs", "kwargs", "caller"];

    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;
    private HashSet<string>? _specials;

    public Parser(List<Token> tokens, int maxDepth)
    {
        _tokens = new TokenStream(tokens);
        _expressions = new ExpressionParser(_tokens, maxDepth)
        {
            NameRead = name =>
            {
                if (SpecialNames.Contains(name))
                {
                    _specials?.Add(name);
                }
            },
        };
    }

    /// <summary>Parses the whole source.</summary>
    public Block Parse()
    {
        Block body = ParseBlock();
        return _tokens.Current.Kind == TokenKind.End ? body : throw _tokens.Unexpected("end of template");
    }

    /// <summary>Parses up to a tag that begins with one of some names; the name is the current token then.</summary>
    private Block ParseBlock(params ReadOnlySpan<string> ends)
    {
        var statements = new List<Statement>();
        while (_tokens.Current.Kind != TokenKind.End)
        {
            Token token = _tokens.Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new Data(token.Line, token.Text));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new Print(token.Line, _expressions.ParseTuple()));
                    _tokens.Expect(TokenKind.VariableEnd, "end of print statement");
                    break;
                default:
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
                    {
                        return new Block(statements);
                    }

                    statements.Add(_expressions.Nested(ParseStatement));
                    break;
            }
        }

        return ends.IsEmpty
            ? new Block(statements)
            : throw _tokens.Unexpected($"'{string.Join("' or '", ends)}'");
    }

    private Statement ParseStatement()
    {
        int line = _tokens.Current.Line;
        string tag = _tokens.ExpectName();
        Statement statement = tag switch
        {
            "if" => ParseIf(line),
            "for" => ParseFor(line),
            "set" => ParseSet(line),
            "with" => ParseWith(line),
            "macro" => ParseMacro(line),
            "call" => ParseCall(line),
            "filter" => ParseFilterBlock(line),
            "generation" => ParseScope(line, "endgeneration"),
            "block" => ParseNamedBlock(line),
            "break" => ParseLoopControl(line, Flow.Break, tag),
            "continue" => ParseLoopControl(line, Flow.Continue, tag),
            "extends" or "include" or "import" or "from" =>
                throw JinjaException.Syntax($"'{tag}' is not supported: a template is one text", line),
            _ => throw JinjaException.Syntax($"Encountered unknown tag '{tag}'.", line),
        };
        EndTag();
        return statement;
    }

    private void EndTag() => _tokens.Expect(TokenKind.BlockEnd, "end of statement block");

    /// <summary>Parses the body of a tag that is open, up to and including the name of its end.</summary>
    private Block ParseBody(string end)
    {
        EndTag();
        Block body = ParseBlock(end);
        _tokens.Next();
        return body;
    }

    /// <summary>Parses a body that runs elsewhere: a loop around its definition is none of its own.</summary>
    private Block ParseDetachedBody(string end)
    {
        int loops = _loops;
        _loops = 0;
        Block body = ParseBody(end);
        _loops = loops;
        return body;
    }

    private If ParseIf(int line)
    {
        var branches = new List<(Expression, Block)>();
        Block? otherwise = null;
        do
        {
            Expression condition = _expressions.ParseTuple(withCondition: false);
            EndTag();
            branches.Add((condition, ParseBlock("elif", "else", "endif")));
        }
        while (_tokens.SkipName("elif"));

        if (_tokens.SkipName("else"))
        {
            EndTag();
            otherwise = ParseBlock("endif");
        }

        _tokens.Next();
        return new If(line, branches, otherwise);
    }

    private For ParseFor(int line)
    {
        Target target = ParseTarget(() => _tokens.IsName("in"));
        if (!_tokens.SkipName("in"))
        {
            throw _tokens.Unexpected("'in'");
        }

        Expression items = _expressions.ParseTuple(withCondition: false, ends: () => _tokens.IsName("recursive"));
        Expression? condition = _tokens.SkipName("if") ? _expressions.Parse() : null;
        bool isRecursive = _tokens.SkipName("recursive");
        EndTag();
        _loops++;
        Block body = ParseBlock("endfor", "else");
        _loops--;
        Block? otherwise = null;
        if (_tokens.SkipName("else"))
        {
            EndTag();
            otherwise = ParseBlock("endfor");
        }

        _tokens.Next();
        return new For(line, target, items, condition, isRecursive, body, otherwise);
    }

    private LoopControl ParseLoopControl(int line, Flow flow, string tag) =>
        _loops > 0 ? new LoopControl(line, flow) : throw JinjaException.Syntax($"'{tag}' outside loop", line);

    private Statement ParseSet(int line)
    {
        Target target = ParseTarget(() => _tokens.IsOperator("="));
        if (_tokens.SkipOperator("="))
        {
            return new Set(line, target, _expressions.ParseTuple());
        }

        var filter = (Filter?)_expressions.ParseFilters(null);
        return new SetBlock(line, target, filter, ParseDetachedBody("endset"));
    }

    private With ParseWith(int line)
    {
        var variables = new List<(Target, Expression)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            Target target = ParseOneTarget();
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }

        return new With(line, variables, ParseBody("endwith"));
    }

    private With ParseScope(int line, string end) => new(line, [], ParseDetachedBody(end));

    private With ParseNamedBlock(int line)
    {
        _tokens.ExpectName();
        while (_tokens.SkipName("scoped") || _tokens.SkipName("required"))
        {
        }

        With block = ParseScope(line, "endblock");
        if (_tokens.Current.Kind == TokenKind.Name)
        {
            _tokens.Next();
        }

        return block;
    }

    private FilterBlock ParseFilterBlock(int line)
    {
        var filter = (Filter)_expressions.ParseFilters(null, first: true)!;
        return new FilterBlock(line, filter, ParseDetachedBody("endfilter"));
    }

    private MacroDefinition ParseMacro(int line)
    {
        string name = _tokens.ExpectName();
        return new MacroDefinition(line, ParseMacroRest(name, "endmacro", ParseParameters));
    }

    private CallBlock ParseCall(int line)
    {
        Call? call = null;
        Macro caller = ParseMacroRest("caller", "endcall", () =>
        {
            List<(string, Expression?)> parameters = _tokens.IsOperator("(") ? ParseParameters() : [];
            call = _expressions.ParsePostfixed() as Call ?? throw JinjaException.Syntax("expected call", line);
            return parameters;
        });
        return new CallBlock(line, caller, call!);
    }

    private Macro ParseMacroRest(string name, string end, Func<List<(string, Expression?)>> parseParameters)
    {
        HashSet<string>? outer = _specials;
        List<(string, Expression?)> parameters = parseParameters();
        _specials = [];
        Block body = ParseDetachedBody(end);
        var macro = new Macro(name, parameters, body, _specials);
        _specials = outer;
        return macro;
    }

    private List<(string, Expression?)> ParseParameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        _tokens.ExpectOperator("(");
        while (!_tokens.IsOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            string name = ExpectTargetName();
            if (_tokens.SkipOperator("="))
            {
                parameters.Add((name, _expressions.Parse()));
            }
            else
            {
                parameters.Add(parameters.Count == 0 || parameters[^1].Default is null
                    ? (name, null)
                    : throw JinjaException.Syntax("non-default argument follows default argument", _tokens.Current.Line));
            }
        }

        _tokens.Next();
        return parameters;
    }

    private Target ParseTarget(Func<bool> ends)
    {
        var targets = new List<Target> { ParseOneTarget() };
        bool isTuple = false;
        while (_tokens.SkipOperator(","))
        {
            isTuple = true;
            if (ends())
            {
                break;
            }

            targets.Add(ParseOneTarget());
        }

        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    private Target ParseOneTarget()
    {
        if (_tokens.SkipOperator("("))
        {
            Target inner = _expressions.Nested(() => ParseTarget(() => _tokens.IsOperator(")")));
            _tokens.ExpectOperator(")");
            return inner;
        }

        string name = ExpectTargetName();
        return _tokens.SkipOperator(".") ? new NamespaceTarget(name, _tokens.ExpectName()) : new NameTarget(name);
    }

    private string ExpectTargetName()
    {
        string name = _tokens.ExpectName();
        return name is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw JinjaException.Syntax($"can't assign to '{name}'", _tokens.Current.Line)
            : name;
    }
}
