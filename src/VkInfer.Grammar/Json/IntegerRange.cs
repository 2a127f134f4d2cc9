using System.Globalization;
using VkInfer.Grammar.Automata;

namespace VkInfer.Grammar;

/// <summary>The whole numbers of a range, written in decimal, as an expression over their digits.</summary>
internal static class IntegerRange
{
    /// <summary>The largest number that is written: 15 digits, which a double keeps.</summary>
    public const long Largest = 999_999_999_999_999;

    /// <summary>All numbers from <paramref name="min"/> to <paramref name="max"/>, both within ±<see cref="Largest"/>.</summary>
    public static Expression Of(long min, long max)
    {
        var signs = new List<Expression>();
        if (min < 0)
        {
            signs.Add(Expression.Of(Expression.Text("-"), Natural(Math.Max(1, -max), -min)));
        }

        if (max >= 0)
        {
            signs.Add(Natural(Math.Max(0, min), max));
        }

        return new Expression.Choice(signs);
    }

    private static Expression.Choice Natural(long min, long max)
    {
        var lengths = new List<Expression>();
        for (long first = 0, last = 9; first <= max; first = last + 1, last = (last * 10) + 9)
        {
            if (last >= min)
            {
                lengths.Add(OneLength(Text(Math.Max(min, first)), Text(Math.Min(max, last))));
            }
        }

        return new Expression.Choice(lengths);
    }

    /// <summary>Numbers between two of as many digits.</summary>
    private static Expression OneLength(string min, string max)
    {
        if (min.All(digit => digit == '0') && max.All(digit => digit == '9'))
        {
            return Expression.Class(('0', '9')).Times(min.Length, min.Length);
        }

        if (min[0] == max[0])
        {
            return Expression.Of(Expression.Class((min[0], min[0])), OneLength(min[1..], max[1..]));
        }

        int rest = min.Length - 1;
        var firsts = new List<Expression>
        {
            Expression.Of(Expression.Class((min[0], min[0])), OneLength(min[1..], new string('9', rest))),
            Expression.Of(Expression.Class((max[0], max[0])), OneLength(new string('0', rest), max[1..])),
        };
        if (max[0] - min[0] > 1)
        {
            firsts.Add(Expression.Of(Expression.Class((min[0] + 1, max[0] - 1)), Expression.Class(('0', '9')).Times(rest, rest)));
        }

        return new Expression.Choice(firsts);
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
