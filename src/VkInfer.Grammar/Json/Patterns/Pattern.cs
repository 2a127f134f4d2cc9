using VkInfer.Grammar.Automata;
using VkInfer.Grammar.Regular;

namespace VkInfer.Grammar.Patterns;

/// <summary>
/// A regular expression of a schema (ECMA-262, as JSON Schema 2020-12, Core, section 6.4, has it) as a language of whole strings.
/// </summary>
internal static class Pattern
{
    private static readonly Expression Anything =
        new Expression.CodePoints(Utf8Ranges.Normalize([(0, Utf8Ranges.MaxCodePoint)])).Times(0, null);

    private static readonly Dfa OneUnitEach = DfaBuilder.Of(
        new Expression.CodePoints(Utf8Ranges.Normalize([(0, CharacterClasses.LastUnit)])).Times(0, null));

    /// <summary>The strings in which the pattern is found: all of them match, in whichever way a validator reads its classes.</summary>
    /// <exception cref="GrammarException">It is no pattern, or asks for what no automaton has.</exception>
    /// <exception cref="DfaTooLargeException">It needs too many states.</exception>
    public static Dfa Matching(string pattern, string at) => Of(pattern, at, wide: false);

    /// <summary>Strings in which the pattern is not found, in whichever way a validator reads it.</summary>
    /// <inheritdoc cref="Matching" path="/exception"/>
    public static Dfa NotMatching(string pattern, string at) => Of(pattern, at, wide: true).Not().And(OneUnitEach);

    private static Dfa Of(string pattern, string at, bool wide)
    {
        PatternReader.Result read = new PatternReader(pattern, at, wide).Read();
        Dfa found = DfaBuilder.Of(Expression.Of(Anything, read.Body, Anything));
        foreach ((Expression ahead, bool isNegated) in read.Ahead)
        {
            // Only at the beginning of the text: it looks at all of it.
            if (isNegated)
            {
                // What must not be ahead is read the other way round.
                found = found.And(DfaBuilder.Of(Expression.Of(ahead, Anything)).Not()).And(OneUnitEach);
                continue;
            }

            found = found.And(DfaBuilder.Of(Expression.Of(ahead, Anything)));
        }

        return found;
    }
}
