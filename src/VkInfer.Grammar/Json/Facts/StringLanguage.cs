using System.Text.Json;
using VkInfer.Grammar.Patterns;
using VkInfer.Grammar.Regular;
using static VkInfer.Grammar.SchemaValues;

namespace VkInfer.Grammar.Facts;

/// <summary>The strings that facts allow, as one regular language.</summary>
internal static class StringLanguage
{
    /// <summary>The strings in which a pattern is found.</summary>
    public static Dfa OfPattern(string pattern, string at) => Guarded(at, "pattern", () => Pattern.Matching(pattern, at));

    /// <summary>Everything that is said of strings together, without values that are listed.</summary>
    public static Dfa Of(ValueFacts facts)
    {
        string at = facts.Strings.Count > 0 ? facts.Strings[0].At : "";
        return Guarded(at, "pattern", () =>
        {
            Dfa language = facts.Strings.Aggregate(Dfa.Any, (all, fact) => all.And(Of(fact)));
            string[] not = [.. facts.NotEnum.Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)];
            if (not.Length > 0)
            {
                language = language.And(DfaBuilder.Of(new Automata.Expression.Choice([.. not.Select(Automata.Expression.Text)])).Not());
            }

            // Lengths that the rest brings about cost nothing.
            (int min, int? max) = language.Lengths();
            bool isBound = facts.MinLength > min || (facts.MaxLength is { } most && (max is null || max > most));
            if (isBound)
            {
                if (Math.Max(facts.MinLength, facts.MaxLength ?? 0) >= Dfa.MostStates)
                {
                    throw new DfaTooLargeException();
                }

                language = language.And(Dfa.OfLength(facts.MinLength, facts.MaxLength));
            }

            return language.Minimize();
        });
    }

    private static Dfa Of(StringFact fact) => fact switch
    {
        { Pattern: { } pattern, IsNegated: false } => Pattern.Matching(pattern, fact.At),
        { Pattern: { } pattern } => Pattern.NotMatching(pattern, fact.At),
        { IsNegated: false } => fact.Format!.Strings,

        // Formats here are narrower than the standards': what is not in one of them may be valid all the same.
        _ => throw Fault(fact.At, $"'format' {fact.Format!.Name} that must not hold is not supported"),
    };

    private static Dfa Guarded(string at, string keyword, Func<Dfa> make)
    {
        try
        {
            return make();
        }
        catch (DfaTooLargeException problem)
        {
            throw new GrammarException(
                at, $"'{keyword}', together with what stands beside it, needs more than {Dfa.MostStates} states", problem);
        }
    }
}
