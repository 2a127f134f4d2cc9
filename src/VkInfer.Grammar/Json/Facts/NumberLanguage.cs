using System.Text.Json;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar.Facts;

/// <summary>The numbers that facts allow, as one regular language of their decimal texts.</summary>
internal static class NumberLanguage
{
    /// <summary>Everything that is said of numbers together.</summary>
    /// <param name="facts">The facts.</param>
    /// <param name="types">Which numbers: whole ones, those with a fraction, or both.</param>
    public static Dfa Of(ValueFacts facts, JsonTypes types)
    {
        string at = facts.Steps.Count > 0 ? facts.Steps[0].At : "";
        try
        {
            Dfa language = types switch
            {
                JsonTypes.Integer => NumberRange.All.And(NumberRange.Whole),
                JsonTypes.Fraction => NumberRange.All.And(NumberRange.Fractions),
                _ => NumberRange.All,
            };
            if (facts.Min is not null || facts.Max is not null)
            {
                language = language.And(NumberRange.Between(Within(facts.Min, isMin: true), Within(facts.Max, isMin: false)));
            }

            foreach ((decimal step, bool isNegated, _) in facts.Steps)
            {
                Dfa multiples = Multiples.Of(step);
                language = language.And(isNegated ? multiples.Not() : multiples);
            }

            foreach (JsonElement value in facts.NotEnum.Where(value => value.ValueKind == JsonValueKind.Number))
            {
                if (value.TryGetDecimal(out decimal number) && Math.Abs(number) <= IntegerRange.Largest)
                {
                    language = language.And(NumberRange.Exactly(number).Not());
                }
            }

            return language.Minimize();
        }
        catch (DfaTooLargeException problem)
        {
            throw new GrammarException(at, "'multipleOf', together with what stands beside it, needs too many states", problem);
        }
    }

    /// <summary>A bound, or none where no number that is written lies beyond it.</summary>
    private static NumberBound? Within(NumberBound? bound, bool isMin) =>
        bound is { } value && (isMin ? value.Value < -IntegerRange.Largest : value.Value > IntegerRange.Largest) ? null : bound;
}
