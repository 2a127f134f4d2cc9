using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar;

/// <summary>Regular languages as rules: one for each state, which ends with that of the next.</summary>
internal static class LanguageRules
{
    /// <summary>Texts as they are.</summary>
    public static Expression Add(RuleSet rules, Dfa language, string at) =>
        Add(rules, language, at, Expression.Empty, ranges => [new Expression.CodePoints(ranges)]);

    /// <summary>Strings of JSON: characters as themselves where they may, others escaped in the shortest way.</summary>
    public static Expression AddQuoted(RuleSet rules, Dfa language, string at) =>
        Expression.Of(Expression.Text("\""), Add(rules, language, at, Expression.Text("\""), Written));

    private static Expression.Reference Add(
        RuleSet rules, Dfa language, string at, Expression end, Func<List<(int First, int Last)>, IEnumerable<Expression>> written)
    {
        int[] indices = [.. Enumerable.Range(0, language.Count).Select(_ => rules.Add(at, at))];
        int state = 0;
        foreach ((bool accepts, IEnumerable<(int Target, List<(int First, int Last)> Ranges)> steps) in language.States())
        {
            IEnumerable<Expression> ways =
                from step in steps
                from character in written(step.Ranges)
                select Expression.Of(character, new Expression.Reference(indices[step.Target]));
            rules.Define(indices[state++], at, new Expression.Choice(accepts ? [end, .. ways] : [.. ways]));
        }

        return new Expression.Reference(indices[0]);
    }

    private static IEnumerable<Expression> Written(List<(int First, int Last)> ranges)
    {
        List<(int First, int Last)> others = Utf8Ranges.Complement(JsonRules.PlainRanges);
        List<(int First, int Last)> plain = Utf8Ranges.Complement(Utf8Ranges.Complement(ranges).Concat(others));
        if (plain.Count > 0)
        {
            yield return new Expression.CodePoints(plain);
        }

        foreach ((int first, int last) in ranges)
        {
            foreach ((int from, int to) in others)
            {
                for (int code = Math.Max(first, from); code <= Math.Min(last, to); code++)
                {
                    yield return JsonConstants.Escaped(code);
                }
            }
        }
    }
}
