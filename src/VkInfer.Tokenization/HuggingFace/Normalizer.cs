using System.Text;
using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>One step that changes text before it is cut into words.</summary>
internal abstract class Normalizer
{
    /// <summary>Changes well-formed text; the result is well formed.</summary>
    public abstract string Apply(string text);
}

/// <summary>Steps one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override string Apply(string text) => steps.Aggregate(text, (current, step) => step.Apply(current));
}

/// <summary>A step that a delegate says in one line.</summary>
internal sealed class SimpleNormalizer(Func<string, string> apply) : Normalizer
{
    public override string Apply(string text) => apply(text);
}

/// <summary>Replaces every match of a text or a pattern.</summary>
internal sealed class ReplaceNormalizer(Pattern pattern, string content) : Normalizer
{
    /// <summary>Longest text that replacing may lead to, for each character before; honest ones replace a character by a few.</summary>
    private const int MaxGrowth = 64;

    public override string Apply(string text)
    {
        var result = new StringBuilder(text.Length);
        var end = 0;
        foreach (var (start, length) in pattern.Matches(text))
        {
            result.Append(text, end, start - end).Append(content);
            end = start + length;
            if (result.Length > MaxGrowth * (text.Length + 16L))
            {
                throw new TokenizerException(pattern.Place, $"a replacement that makes text at most {MaxGrowth} times longer", "more");
            }
        }

        return result.Append(text, end, text.Length - end).ToString();
    }
}

/// <summary>A literal or a regular expression that finds places in text.</summary>
internal sealed class Pattern(string? literal, Regex? regex, string place)
{
    /// <summary>Time for all matches of a text: a second, and a little for each character.</summary>
    private const double SecondsPerCharacter = 20e-6;

    /// <summary>Where the pattern stands in its file.</summary>
    public string Place => place;

    /// <summary>Finds all matches from left to right, empty ones left out.</summary>
    /// <exception cref="TokenizerException">The expression takes too long.</exception>
    public List<(int Start, int Length)> Matches(string text)
    {
        var matches = new List<(int, int)>();
        if (literal is not null)
        {
            for (var at = 0; literal.Length > 0 && (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
            {
                matches.Add((at, literal.Length));
            }

            return matches;
        }

        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            foreach (var match in CodePointText.Matches(text, regex!))
            {
                matches.Add(match);
                if (System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds > 1 + (SecondsPerCharacter * text.Length))
                {
                    throw Slow();
                }
            }
        }
        catch (RegexMatchTimeoutException)
        {
            throw Slow();
        }

        return matches;
    }

    private TokenizerException Slow() => new(place, "a pattern that matches in a second", $"{TokenizerException.Show(regex!.ToString())}, which takes longer");
}
