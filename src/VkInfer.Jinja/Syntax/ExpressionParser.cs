using System.Runtime.CompilerServices;
using System.Text;

namespace VkInfer.Jinja;

/// <summary>Parses what stands within tags; each method is one level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser(TokenStream tokens, int maxDepth)
{
    private static readonly HashSet<string> ComparisonOperators = ["==", "!=", "<", "<=", ">", ">="];

    private int _depth;

    /// <summary>Told of each variable that is read.</summary>
    public Action<string>? NameRead { get; set; }

    /// <summary>Runs a part of the parser one level deeper.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep();
        }

        T? result = parse();
        _depth--;
        return result;
    }

    /// <summary>An expression, or several with commas between, which are a tuple.</summary>
    /// <param name="withCondition">Whether <c>a if b</c> may stand here.</param>
    /// <param name="ends">Whether the tuple ends before the present token.</param>
    /// <param name="allowsEmpty">Whether nothing is a tuple, too.</param>
    public Expression ParseTuple(bool withCondition = true, Func<bool>? ends = null, bool allowsEmpty = false)
    {
        int line = tokens.Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (!AtEnd() && !(ends?.Invoke() ?? false))
        {
            items.Add(withCondition ? Parse() : Nested(ParseOr));
            if (!tokens.SkipOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (items.Count == 0 && !allowsEmpty)
        {
            throw tokens.Unexpected("an expression");
        }

        return items.Count == 1 && !isTuple ? items[0] : Bounded(new Sequence(line, [.. items], isTuple: true));
    }

    public Expression Parse() => Nested(ParseConditional);

    /// <summary>The filters after a value, or those of a filter block, which has none.</summary>
    public Expression? ParseFilters(Expression? value, bool first = false)
    {
        while (first || tokens.IsOperator("|"))
        {
            if (!first)
            {
                tokens.Next();
            }

            first = false;
            int line = tokens.Current.Line;
            string name = ParseDottedName();
            value = Bounded(new Filter(line, value, name, tokens.IsOperator("(") ? ParseArguments() : ArgumentList.Empty));
        }

        return value;
    }

    /// <summary>A value with all that is called on it.</summary>
    public Expression ParsePostfixed() => ParsePostfix(ParsePrimary());

    private bool AtEnd() =>
        tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.End
        || tokens.IsOperator(")") || tokens.IsOperator("]");

    private Expression ParseConditional()
    {
        Expression value = ParseOr();
        while (tokens.IsName("if"))
        {
            int line = tokens.Next().Line;
            Expression condition = ParseOr();
            Expression? otherwise = tokens.SkipName("else") ? Parse() : null;
            value = Bounded(new Conditional(line, value, condition, otherwise));
        }

        return value;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (tokens.IsName("or"))
        {
            left = Bounded(new Logical(tokens.Next().Line, false, left, ParseAnd()));
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (tokens.IsName("and"))
        {
            left = Bounded(new Logical(tokens.Next().Line, true, left, ParseNot()));
        }

        return left;
    }

    private Expression ParseNot() => tokens.IsName("not")
        ? Bounded(new Not(tokens.Next().Line, Nested(ParseNot)))
        : ParseComparison();

    private Expression ParseComparison()
    {
        int line = tokens.Current.Line;
        Expression first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && ComparisonOperators.Contains(tokens.Current.Text))
            {
                rest.Add((tokens.Next().Text, ParseSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.IsName("not") && tokens.Following is { Kind: TokenKind.Name, Text: "in" })
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : Bounded(new Comparisons(line, first, [.. rest]));
            }
        }
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, ("+", BinaryOperator.Add), ("-", BinaryOperator.Subtract));

    private Expression ParseConcatenation()
    {
        int line = tokens.Current.Line;
        var parts = new List<Expression> { ParseProduct() };
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return parts.Count == 1 ? parts[0] : Bounded(new Concatenation(line, [.. parts]));
    }

    private Expression ParseProduct() => ParseBinary(
        ParsePower, ("*", BinaryOperator.Multiply), ("/", BinaryOperator.Divide), ("//", BinaryOperator.FloorDivide),
        ("%", BinaryOperator.Modulo));

    /// <summary>Powers bind to the left here, other than in Python.</summary>
    private Expression ParsePower() => ParseBinary(() => ParseUnary(), ("**", BinaryOperator.Power));

    private Expression ParseBinary(Func<Expression> operand, params ReadOnlySpan<(string Text, BinaryOperator Operation)> operators)
    {
        Expression left = operand();
        while (true)
        {
            bool found = false;
            foreach ((string text, BinaryOperator operation) in operators)
            {
                if (tokens.IsOperator(text))
                {
                    left = Bounded(new Binary(tokens.Next().Line, operation, left, operand()));
                    found = true;
                    break;
                }
            }

            if (!found)
            {
                return left;
            }
        }
    }

    private Expression ParseUnary(bool withFilters = true)
    {
        Expression value = tokens.IsOperator("-") || tokens.IsOperator("+")
            ? Bounded(new Sign(tokens.Current.Line, tokens.Next().Text == "-", Nested(() => ParseUnary(withFilters: false))))
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePrimary()
    {
        Token token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Next();
                return ParseName(token);
            case TokenKind.Integer or TokenKind.Float:
                tokens.Next();
                return new Constant(token.Line, token.Value);
            case TokenKind.String:
                var text = new StringBuilder();
                while (tokens.Current.Kind == TokenKind.String)
                {
                    text.Append(tokens.Next().Text);
                }

                return new Constant(token.Line, text.ToString());
            case TokenKind.Operator when token.Text == "(":
                tokens.Next();
                Expression inner = Nested(() => ParseTuple(allowsEmpty: true));
                tokens.ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return Nested(ParseList);
            case TokenKind.Operator when token.Text == "{":
                return Nested(ParseDict);
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    private Expression ParseName(Token token)
    {
        switch (token.Text)
        {
            case "true" or "True": return new Constant(token.Line, true);
            case "false" or "False": return new Constant(token.Line, false);
            case "none" or "None": return new Constant(token.Line, null);
            default:
                NameRead?.Invoke(token.Text);
                return new Name(token.Line, token.Text);
        }
    }

    private Sequence ParseList()
    {
        int line = tokens.Next().Line;
        var items = new List<Expression>();
        while (!tokens.IsOperator("]"))
        {
            items.Add(Parse());
            if (!tokens.SkipOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator("]");
        return Bounded(new Sequence(line, [.. items], isTuple: false));
    }

    private DictLiteral ParseDict()
    {
        int line = tokens.Next().Line;
        var parts = new List<Expression>();
        while (!tokens.IsOperator("}"))
        {
            parts.Add(Parse());
            tokens.ExpectOperator(":");
            parts.Add(Parse());
            if (!tokens.SkipOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator("}");
        return Bounded(new DictLiteral(line, [.. parts]));
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            int line = tokens.Current.Line;
            if (tokens.SkipOperator("."))
            {
                value = tokens.Current.Kind == TokenKind.Integer
                    ? new GetItem(line, value, new Constant(line, tokens.Next().Value))
                    : new GetAttribute(line, value, tokens.ExpectName());
            }
            else if (tokens.IsOperator("["))
            {
                value = Nested(() => ParseSubscript(value));
            }
            else if (tokens.IsOperator("("))
            {
                value = new Call(line, value, ParseArguments());
            }
            else
            {
                return value;
            }

            Bounded(value);
        }
    }

    private Expression ParseSubscript(Expression owner)
    {
        int line = tokens.Next().Line;
        if (!tokens.IsOperator(":"))
        {
            Expression key = ParseTuple(ends: () => tokens.IsOperator(":"));
            if (tokens.SkipOperator("]"))
            {
                return new GetItem(line, owner, key);
            }

            return ParseSlice(line, owner, key);
        }

        return ParseSlice(line, owner, null);
    }

    private GetSlice ParseSlice(int line, Expression owner, Expression? start)
    {
        Expression? Bound() => tokens.IsOperator(":") || tokens.IsOperator("]") ? null : Parse();
        tokens.ExpectOperator(":");
        Expression? stop = Bound();
        Expression? step = tokens.SkipOperator(":") ? Bound() : null;
        tokens.ExpectOperator("]");
        return new GetSlice(line, owner, start, stop, step);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (tokens.IsOperator("|"))
            {
                value = ParseFilters(value)!;
            }
            else if (tokens.IsName("is"))
            {
                value = ParseTest(value);
            }
            else if (tokens.IsOperator("("))
            {
                value = Bounded(new Call(tokens.Current.Line, value, ParseArguments()));
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseTest(Expression value)
    {
        int line = tokens.Next().Line;
        bool isNegated = tokens.SkipName("not");
        string name = ParseDottedName();
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (StartsTestArgument())
        {
            arguments = new ArgumentList([Nested(ParsePostfixed)], [], null, null);
        }

        Expression test = Bounded(new Test(line, value, name, arguments));
        return isNegated ? Bounded(new Not(line, test)) : test;
    }

    private bool StartsTestArgument()
    {
        Token token = tokens.Current;
        if (token is { Kind: TokenKind.Name, Text: "is" })
        {
            throw JinjaException.Syntax("You cannot chain multiple tests with is", token.Line);
        }

        return token.Kind switch
        {
            TokenKind.Name => token.Text is not ("else" or "or" or "and"),
            TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
            TokenKind.Operator => token.Text is "[" or "{",
            _ => false,
        };
    }

    private string ParseDottedName()
    {
        string name = tokens.ExpectName();
        while (tokens.SkipOperator("."))
        {
            name += "." + tokens.ExpectName();
        }

        return name;
    }

    private ArgumentList ParseArguments() => Nested(() =>
    {
        tokens.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? rest = null;
        Expression? namedRest = null;
        while (!tokens.IsOperator(")"))
        {
            if (tokens.SkipOperator("**"))
            {
                namedRest = namedRest is null ? Parse() : throw tokens.Unexpected("no second ** argument");
            }
            else if (tokens.SkipOperator("*"))
            {
                rest = rest is null ? Parse() : throw tokens.Unexpected("no second * argument");
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Text: "=" })
            {
                string name = tokens.ExpectName();
                tokens.Next();
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(named.Count == 0 && rest is null && namedRest is null
                    ? Parse()
                    : throw tokens.Unexpected("no positional argument after one with a name"));
            }

            if (!tokens.IsOperator(")"))
            {
                tokens.ExpectOperator(",");
            }
        }

        tokens.Next();
        return new ArgumentList(positional, named, rest, namedRest);
    });

    private T Bounded<T>(T expression)
        where T : Expression =>
        expression.Depth <= maxDepth ? expression : throw TooDeep();

    private JinjaException TooDeep() =>
        new(JinjaErrorKind.Limit, $"nested deeper than {maxDepth} levels", tokens.Current.Line);
}
