using System.Globalization;
using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar;

/// <summary>An end of a range of numbers.</summary>
internal readonly record struct NumberBound(decimal Value, bool IsExclusive);

/// <summary>
/// Numbers in decimal, without exponents, of at most <see cref="Digits"/> digits: as many as a double tells apart, so that a reader that
/// rounds finds them within the range, too.
/// </summary>
internal static class NumberRange
{
    /// <summary>Most digits of a number.</summary>
    public const int Digits = 15;

    private static readonly Expression Digit = Expression.Class(('0', '9'));
    private static readonly Expression NonZero = Expression.Class(('1', '9'));

    private static readonly Expression Natural = Expression.Either(
        Expression.Text("0"), Expression.Of(NonZero, Digit.Times(0, Digits - 1)));

    /// <summary>All such numbers.</summary>
    public static Dfa All { get; } = DfaBuilder.Of(Expression.Of(Expression.Text("-").Optional(), Expression.Either(
        [Natural, .. Enumerable.Range(1, Digits - 1).Select(WithFraction)])));

    /// <summary>Those with a fraction that is not zero.</summary>
    public static Dfa Fractions { get; } = DfaBuilder.Of(Expression.Of(
        Expression.Text("-").Optional(), Digit.Times(1, null), Expression.Text("."), Digit.Times(0, null), NonZero, Digit.Times(0, null)));

    /// <summary>Those without a point.</summary>
    public static Dfa Whole { get; } = DfaBuilder.Of(Expression.Of(
        Expression.Text("-").Optional(), Expression.Either(Expression.Text("0"), Expression.Of(NonZero, Digit.Times(0, null)))));

    /// <summary>All ways to write one number.</summary>
    public static Dfa Exactly(decimal value) => Between(new NumberBound(value, false), new NumberBound(value, false));

    /// <summary>Numbers of any length between two bounds; null: none on that side.</summary>
    public static Dfa Between(NumberBound? min, NumberBound? max)
    {
        var signs = new List<Expression>();
        if (max is not { } above || above.Value > 0 || (above.Value == 0 && !above.IsExclusive))
        {
            signs.Add(Positive(min is { Value: >= 0 } ? min.Value : new NumberBound(0, false), max));
        }

        if (min is not { } below || below.Value < 0 || (below.Value == 0 && !below.IsExclusive))
        {
            NumberBound least = max is { Value: <= 0 } bound ? Negated(bound) : new NumberBound(0, false);
            signs.Add(Expression.Of(Expression.Text("-"), Positive(least, min is { } most ? Negated(most) : null)));
        }

        return DfaBuilder.Of(new Expression.Choice(signs));
    }

    private static Expression WithFraction(int whole) => Expression.Of(
        whole == 1 ? Digit : Expression.Of(NonZero, Digit.Times(whole - 1, whole - 1)), Expression.Text("."),
        Digit.Times(1, Digits - whole));

    private static NumberBound Negated(NumberBound bound) => bound with { Value = -bound.Value };

    /// <summary>Numbers from 0 on between two bounds, as texts without a sign.</summary>
    private static Expression Positive(NumberBound min, NumberBound? max)
    {
        (string whole, string fraction) = Split(min.Value);
        if (max is not { } top)
        {
            return Expression.Either(
                Expression.Of(Expression.Text(whole), AtLeast(fraction, min.IsExclusive)), Expression.Of(Above(whole), AnyFraction()));
        }

        (string topWhole, string topFraction) = Split(top.Value);
        if (top.Value < min.Value)
        {
            return new Expression.Choice([]);
        }

        if (whole == topWhole)
        {
            return Expression.Of(Expression.Text(whole), Within(fraction, min.IsExclusive, topFraction, top.IsExclusive));
        }

        long from = long.Parse(whole, CultureInfo.InvariantCulture) + 1, to = long.Parse(topWhole, CultureInfo.InvariantCulture) - 1;
        return Expression.Either(
            Expression.Of(Expression.Text(whole), AtLeast(fraction, min.IsExclusive)),
            from <= to ? Expression.Of(IntegerRange.Of(from, to), AnyFraction()) : new Expression.Choice([]),
            Expression.Of(Expression.Text(topWhole), AtMost(topFraction, top.IsExclusive)));
    }

    private static (string Whole, string Fraction) Split(decimal value)
    {
        string[] parts = value.ToString(CultureInfo.InvariantCulture).Split('.');
        return (parts[0], parts.Length > 1 ? parts[1].TrimEnd('0') : "");
    }

    /// <summary>Whole numbers above one.</summary>
    private static Expression Above(string whole) =>
        IntegerRange.Of(Math.Min(long.Parse(whole, CultureInfo.InvariantCulture) + 1, IntegerRange.Largest), IntegerRange.Largest);

    private static Expression AnyFraction() => Expression.Of(Expression.Text("."), Digit.Times(1, null)).Optional();

    private static Expression AtLeast(string digits, bool isExclusive) => Fraction(
        !isExclusive && digits.Length == 0, DigitsAtLeast(digits, isExclusive));

    private static Expression AtMost(string digits, bool isExclusive) => Fraction(
        !isExclusive || digits.Length > 0, DigitsAtMost(digits, isExclusive));

    private static Expression Within(string min, bool minExclusive, string max, bool maxExclusive)
    {
        // The digits that both have in common stand for themselves; then one goes its way and the other its own.
        int length = Math.Max(min.Length, max.Length);
        (string low, string high) = (min.PadRight(length, '0'), max.PadRight(length, '0'));
        int shared = low.AsSpan().CommonPrefixLength(high);
        bool isWhole = min.Length == 0 && !minExclusive && (max.Length > 0 || !maxExclusive);
        if (shared == length)
        {
            return minExclusive || maxExclusive ? new Expression.Choice([])
                : Fraction(isWhole, Expression.Of(Expression.Text(min), Expression.Text("0").Times(0, null)));
        }

        var ways = new List<Expression>
        {
            Expression.Of(One(low[shared]), DigitsAtLeast(low[(shared + 1)..].TrimEnd('0'), minExclusive)),
            Expression.Of(One(high[shared]), DigitsAtMost(high[(shared + 1)..].TrimEnd('0'), maxExclusive)),
        };
        if (high[shared] - low[shared] > 1)
        {
            ways.Add(Expression.Of(Expression.Class((low[shared] + 1, high[shared] - 1)), Digit.Times(0, null)));
        }

        // A text that ends within the common digits has zeros behind, which are the lower bound's.
        Expression inside = Expression.Of(Expression.Text(low[..shared]), new Expression.Choice(ways));
        IEnumerable<Expression> ended = minExclusive || min.Length > shared ? []
            : Enumerable.Range(min.Length, shared - min.Length + 1).Select(end => Expression.Text(low[..end]));
        return Fraction(isWhole, new Expression.Choice([inside, .. ended]));
    }

    private static Expression One(char digit) => Expression.Class((digit, digit));

    /// <summary>What follows the whole part: a point with digits, or nothing where that is allowed.</summary>
    private static Expression Fraction(bool mayBeNone, Expression digits)
    {
        // A point has a digit behind it: the intersection with what numbers look like sees to that.
        Expression point = Expression.Of(Expression.Text("."), digits);
        return mayBeNone ? point.Optional() : point;
    }

    /// <summary>Digits behind the point that are no less than some.</summary>
    private static Expression DigitsAtLeast(string digits, bool isExclusive)
    {
        if (digits.Length == 0)
        {
            return isExclusive
                ? Expression.Of(Expression.Text("0").Times(0, null), NonZero, Digit.Times(0, null))
                : Digit.Times(0, null);
        }

        var ways = new List<Expression> { Expression.Of(One(digits[0]), DigitsAtLeast(digits[1..], isExclusive)) };
        if (digits[0] < '9')
        {
            ways.Add(Expression.Of(Expression.Class((digits[0] + 1, '9')), Digit.Times(0, null)));
        }

        return new Expression.Choice(ways);
    }

    /// <summary>Digits behind the point that are no more than some.</summary>
    private static Expression DigitsAtMost(string digits, bool isExclusive)
    {
        if (digits.Length == 0)
        {
            return isExclusive ? new Expression.Choice([]) : Expression.Text("0").Times(0, null);
        }

        var ways = new List<Expression>
        {
            Expression.Empty, Expression.Of(One(digits[0]), DigitsAtMost(digits[1..], isExclusive)),
        };
        if (digits[0] > '0')
        {
            ways.Add(Expression.Of(Expression.Class(('0', digits[0] - 1)), Digit.Times(0, null)));
        }

        return new Expression.Choice(ways);
    }
}
