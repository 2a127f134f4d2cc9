using System.Text;

namespace VkInfer.Tokenization;

/// <summary>One step that changes text before it is cut into words.</summary>
internal abstract class Normalizer
{
    /// <summary>Changes well-formed text; the result is well formed.</summary>
    public abstract string Apply(string text);

    /// <summary>Whether the result begins with what the text begins with, or with what is put in front of that.</summary>
    public virtual bool KeepsStart(string text) =>
        text.Length == 0 || Apply(text[..(char.IsHighSurrogate(text[0]) ? 2 : 1)]).Length > 0;
}

/// <summary>Steps one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override string Apply(string text) => steps.Aggregate(text, (current, step) => step.Apply(current));

    public override bool KeepsStart(string text)
    {
        foreach (Normalizer step in steps)
        {
            if (!step.KeepsStart(text))
            {
                return false;
            }

            text = step.Apply(text);
        }

        return true;
    }
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Apply(string text)
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    }

    public override bool KeepsStart(string text) => !left || text.Length == 0 || !char.IsWhiteSpace(text[0]);
}

/// <summary>A step that a delegate says in one line.</summary>
internal sealed class SimpleNormalizer(Func<string, string> apply) : Normalizer
{
    public override string Apply(string text) => apply(text);
}

/// <summary>Replaces every match of a text or a pattern.</summary>
internal sealed class ReplaceNormalizer(Pattern pattern, string content, string place) : Normalizer
{
    /// <summary>Longest text that replacing may lead to, for each character before; honest ones replace a character by a few.</summary>
    private const int MaxGrowth = 64;

    public override string Apply(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach ((int start, int length, bool isFound) in pattern.Cut(text))
        {
            _ = isFound ? result.Append(content) : result.Append(text, start, length);
            if (result.Length > MaxGrowth * (text.Length + 16L))
            {
                throw new TokenizerException(place, $"a replacement that makes text at most {MaxGrowth} times longer", "more");
            }
        }

        return result.ToString();
    }

    // Of several characters, what replaces them counts as standing where the last one stood.
    public override bool KeepsStart(string text) =>
        pattern.Cut(text) is not [(0, > 0 and var length, true), ..]
            || (content.Length > 0 && length == (char.IsHighSurrogate(text[0]) ? 2 : 1));
}
