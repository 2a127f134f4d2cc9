namespace VkInfer.Jinja;

/// <summary>Python's numbers: bool counts as int, / always gives a float, // and % round towards minus infinity.</summary>
internal static class Numbers
{
    public static bool Is(object? value) => value is long or double or bool;

    public static long ToInt(object? value) => value is bool flag ? (flag ? 1 : 0) : (long)value!;

    public static double ToDouble(object? value) => value is double number ? number : ToInt(value);

    public static object Apply(BinaryOperator operation, object? left, object? right)
    {
        if (left is not double && right is not double)
        {
            try
            {
                return Integer(operation, ToInt(left), ToInt(right));
            }
            catch (OverflowException)
            {
                throw JinjaException.Limit("an integer beyond 64 bits");
            }
        }

        return Float(operation, ToDouble(left), ToDouble(right));
    }

    public static object Negate(object? value)
    {
        if (value is double number)
        {
            return -number;
        }

        long integer = ToInt(value);
        return integer == long.MinValue ? throw JinjaException.Limit("an integer beyond 64 bits") : -integer;
    }

    /// <summary>A float as an integer, towards zero.</summary>
    public static long Truncate(double value) => Math.Truncate(value) is >= long.MinValue and < 9223372036854775808.0 and var whole
        ? (long)whole
        : throw (double.IsFinite(value)
            ? JinjaException.Limit("an integer beyond 64 bits")
            : JinjaException.Runtime($"cannot convert float {(double.IsNaN(value) ? "NaN" : "infinity")} to integer"));

    private static object Integer(BinaryOperator operation, long a, long b)
    {
        switch (operation)
        {
            case BinaryOperator.Add: return checked(a + b);
            case BinaryOperator.Subtract: return checked(a - b);
            case BinaryOperator.Multiply: return checked(a * b);
            case BinaryOperator.Divide: return b == 0 ? throw JinjaException.Runtime("division by zero") : (double)a / b;
            case BinaryOperator.FloorDivide:
                CheckDivisor(b, "integer division or modulo by zero");
                return b == -1 ? checked(-a) : (a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
            case BinaryOperator.Modulo:
                CheckDivisor(b, "integer modulo by zero");
                return b == -1 ? 0L : a % b is var rest && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
            default:
                return b < 0 ? (object)Float(operation, a, b) : Power(a, b);
        }
    }

    private static void CheckDivisor(long divisor, string message)
    {
        if (divisor == 0)
        {
            throw JinjaException.Runtime(message);
        }
    }

    private static long Power(long value, long exponent)
    {
        if (value is 0 or 1 or -1)
        {
            return exponent == 0 ? 1 : value == -1 && exponent % 2 == 0 ? 1 : value;
        }

        long result = 1L;
        for (long i = 0L; i < exponent; i++)
        {
            result = checked(result * value);
        }

        return result;
    }

    private static double Float(BinaryOperator operation, double a, double b)
    {
        switch (operation)
        {
            case BinaryOperator.Add: return a + b;
            case BinaryOperator.Subtract: return a - b;
            case BinaryOperator.Multiply: return a * b;
            case BinaryOperator.Power when a == 0 && b < 0: throw JinjaException.Runtime("0.0 cannot be raised to a negative power");
            case BinaryOperator.Power when a < 0 && b != Math.Floor(b): throw JinjaException.Runtime("complex numbers are not supported");
            case BinaryOperator.Power: return Math.Pow(a, b);
        }

        if (b == 0)
        {
            throw JinjaException.Runtime(operation switch
            {
                BinaryOperator.Divide => "float division by zero",
                BinaryOperator.Modulo => "float modulo",
                _ => "float floor division by zero",
            });
        }

        if (operation == BinaryOperator.Divide)
        {
            return a / b;
        }

        // Zeros have the sign of the divisor, or of the quotient.
        double rest = a % b;
        double quotient = (a - rest) / b;
        if (rest == 0)
        {
            rest = Math.CopySign(0, b);
        }
        else if ((rest < 0) != (b < 0))
        {
            rest += b;
            quotient--;
        }

        return operation == BinaryOperator.Modulo ? rest : quotient == 0 ? Math.CopySign(0, a / b) : Math.Round(quotient);
    }
}
