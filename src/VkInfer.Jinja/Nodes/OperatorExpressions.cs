namespace VkInfer.Jinja;

/// <summary>Arithmetic on two values.</summary>
internal sealed class Binary(int line, BinaryOperator operation, Expression left, Expression right) : Expression(line, left, right)
{
    protected override object? EvaluateCore(RenderContext context) =>
        Operators.Apply(operation, left.Evaluate(context), right.Evaluate(context), context.Budget);
}

/// <summary><c>-value</c> or <c>+value</c>.</summary>
internal sealed class Sign(int line, bool negative, Expression value) : Expression(line, value)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? operand = value.Evaluate(context);
        return operand switch
        {
            bool or long or double when negative => Numbers.Negate(operand),
            bool => Numbers.ToInt(operand),
            long or double => operand,
            UndefinedValue undefined => throw undefined.Error(),
            _ => throw JinjaException.Runtime($"bad operand type for unary {(negative ? '-' : '+')}: '{TypeNames.Of(operand)}'"),
        };
    }
}

/// <summary><c>not value</c>.</summary>
internal sealed class Not(int line, Expression value) : Expression(line, value)
{
    protected override object? EvaluateCore(RenderContext context) => !Comparison.IsTrue(value.Evaluate(context));
}

/// <summary><c>left and right</c> or <c>left or right</c>: the value that decided.</summary>
internal sealed class Logical(int line, bool isAnd, Expression left, Expression right) : Expression(line, left, right)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = left.Evaluate(context);
        return Comparison.IsTrue(value) == isAnd ? right.Evaluate(context) : value;
    }
}

/// <summary><c>a ~ b ~ c</c>: all as text.</summary>
internal sealed class Concatenation(int line, Expression[] parts) : Expression(line, parts)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        var text = new TextBuilder(context.Budget);
        foreach (Expression part in parts)
        {
            text.Append(Text.Str(part.Evaluate(context), context.Budget));
        }

        return text.ToString();
    }
}

/// <summary><c>a &lt; b == c</c>: each with its neighbour, until one is false.</summary>
internal sealed class Comparisons(int line, Expression first, (string Operator, Expression Operand)[] rest)
    : Expression(line, [first, .. rest.Select(pair => pair.Operand)])
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? left = first.Evaluate(context);
        foreach ((string operation, Expression operand) in rest)
        {
            object? right = operand.Evaluate(context);
            if (!Holds(operation, left, right, context.Budget))
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private static bool Holds(string operation, object? left, object? right, Budget budget) => operation switch
    {
        "==" => Comparison.AreEqual(left, right, budget),
        "!=" => !Comparison.AreEqual(left, right, budget),
        "in" => Operators.Contains(right, left, budget),
        "not in" => !Operators.Contains(right, left, budget),
        "<" => Comparison.Compare(left, right, operation, budget) < 0,
        "<=" => Comparison.Compare(left, right, operation, budget) <= 0,
        ">" => Comparison.Compare(left, right, operation, budget) > 0,
        _ => Comparison.Compare(left, right, operation, budget) >= 0,
    };
}
