namespace VkInfer.Grammar.Tests.Judge;

/// <summary>A schema, and values that are known to be valid and not valid under it.</summary>
/// <param name="Schema">The schema.</param>
/// <param name="Valid">Values that answers may be, as the grammar writes them; no spaces outside of strings.</param>
/// <param name="Invalid">Values that they may not be.</param>
public sealed record Sample(string Schema, string[] Valid, string[] Invalid)
{
    /// <summary>Reads lines: a schema, then lines that begin with <c>+</c> and <c>-</c> for values that are valid and not.</summary>
    internal static IEnumerable<Sample> Read(string lines)
    {
        Sample? sample = null;
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            switch (line[0])
            {
                case '+':
                    sample = sample! with { Valid = [.. sample.Valid, line[1..].Trim()] };
                    break;
                case '-':
                    sample = sample! with { Invalid = [.. sample.Invalid, line[1..].Trim()] };
                    break;
                default:
                    if (sample is not null)
                    {
                        yield return sample;
                    }

                    sample = new Sample(line, [], []);
                    break;
            }
        }

        yield return sample!;
    }

    public override string ToString() => Schema;
}
