using System.Globalization;
using System.Numerics;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar;

/// <summary>The multiples of a number, by the remainder of their digits.</summary>
internal static class Multiples
{
    private const int Digit = 0, Minus = 10, Point = 11, Other = 12;

    /// <summary>Decimals of any length, with a sign or without, that are multiples of a positive number.</summary>
    /// <exception cref="DfaTooLargeException">The number has too many digits.</exception>
    public static Dfa Of(decimal step)
    {
        string[] parts = step.ToString(CultureInfo.InvariantCulture).Split('.');
        string fraction = parts.Length > 1 ? parts[1].TrimEnd('0') : "";
        var divisor = BigInteger.Parse(parts[0] + fraction, CultureInfo.InvariantCulture);
        int places = fraction.Length;
        if (divisor * (places + 2) > Dfa.MostStates / 4)
        {
            throw new DfaTooLargeException();
        }

        // States: the beginning, behind the sign, then the remainder before the point and behind each place after it.
        int modulus = (int)divisor;
        int count = 2 + (modulus * (places + 2));
        int[][] next = new int[count][];
        bool[] accepts = new bool[count];
        int[] firsts = [0, '-', '.', '/', .. Enumerable.Range('0', 11)];
        int[] symbols = [Other, Minus, Point, Other, .. Enumerable.Range(Digit, 10), Other];
        for (int state = 0; state < count; state++)
        {
            int remainder = Math.Max(0, state - 2) % modulus;
            int place = state < 2 ? -1 : ((state - 2) / modulus) - 1; // -1: before the point.
            next[state] = [.. symbols.Select(symbol => Step(state, remainder, place, symbol))];
            accepts[state] = state >= 2
                && remainder * BigInteger.Pow(10, places - Math.Max(0, place)) % modulus == 0;
        }

        return new Dfa(firsts, next, accepts).Minimize();

        int Step(int state, int remainder, int place, int symbol)
        {
            switch (symbol)
            {
                case Minus:
                    return state == 0 ? 1 : Dfa.Dead;
                case Point:
                    return state >= 2 && place < 0 ? Number(remainder, 0) : Dfa.Dead;
                case Other:
                    return Dfa.Dead;
                default:
                    bool isBehind = place == places;
                    if (isBehind)
                    {
                        return symbol == 0 ? state : Dfa.Dead;
                    }

                    int after = (int)(((remainder * 10L) + symbol) % modulus);
                    return Number(after, place < 0 ? -1 : place + 1);
            }
        }

        int Number(int remainder, int place) => 2 + ((place + 1) * modulus) + remainder;
    }
}
