using System.Text;
using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// Regular expressions from a file: a stranger wrote them, so they run without backtracking where they can, and against the clock else.
/// </summary>
internal static class FileRegex
{
    /// <summary>Longest pattern; published ones have up to about 3000 characters.</summary>
    private const int MaxLength = 8192;

    /// <summary>Time for one match.</summary>
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Compiles a pattern, or takes the one of the published tokenizers that it is.</summary>
    /// <exception cref="TokenizerException">It is too long, or none that .NET understands.</exception>
    public static Regex Create(string pattern, string place)
    {
        if (PreTokenizers.TryFindPublished(pattern) is { } published)
        {
            return published;
        }

        if (pattern.Length > MaxLength)
        {
            throw new TokenizerException(place, $"a pattern of at most {MaxLength} characters", $"{pattern.Length}");
        }

        var translated = TranslatePossessive(pattern);
        try
        {
            return new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, MatchTimeout);
        }
        catch (NotSupportedException)
        {
            // It looks around, or refers back.
            return new Regex(translated, RegexOptions.CultureInvariant, MatchTimeout);
        }
        catch (ArgumentException)
        {
            throw new TokenizerException(place, "a regular expression that .NET understands", TokenizerException.Show(pattern));
        }
    }

    /// <summary>Oniguruma's possessive quantifiers, which .NET does not have, as atomic groups: <c>a++</c> becomes <c>(?&gt;a+)</c>.</summary>
    internal static string TranslatePossessive(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var groups = new Stack<int>();
        var atom = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            var isPossessive = c is '?' or '*' or '+' && i + 1 < pattern.Length && pattern[i + 1] == '+' && i > 0 && atom < result.Length;
            if (isPossessive)
            {
                result.Insert(atom, "(?>").Append(c).Append(')');
                i++;
                continue;
            }

            if (c == '(')
            {
                groups.Push(result.Length);
            }

            // A quantifier belongs to the atom before; anything else begins one.
            if (c == ')')
            {
                atom = groups.TryPop(out var open) ? open : result.Length;
            }
            else if (c is not ('?' or '*' or '+' or '{' or '}'))
            {
                atom = result.Length;
            }

            var end = i + AtomLength(pattern, i);
            result.Append(pattern, i, end - i);
            i = end - 1;
        }

        return result.ToString();
    }

    /// <summary>Length of an escape, a character class or a counted quantifier; 1 for any other character.</summary>
    private static int AtomLength(string pattern, int start)
    {
        switch (pattern[start])
        {
            case '\\':
                var brace = start + 2 < pattern.Length && pattern[start + 1] is 'p' or 'P' && pattern[start + 2] == '{'
                    ? pattern.IndexOf('}', start)
                    : -1;
                return brace > 0 ? brace + 1 - start : Math.Min(2, pattern.Length - start);
            case '{':
                var close = pattern.IndexOf('}', start);
                return close > 0 ? close + 1 - start : 1;
            case '[':
                for (var i = start + 1; i < pattern.Length; i++)
                {
                    if (pattern[i] == '\\')
                    {
                        i++;
                    }
                    else if (pattern[i] == ']' && i > start + 1)
                    {
                        return i + 1 - start;
                    }
                }

                return pattern.Length - start;
            default:
                return 1;
        }
    }
}
