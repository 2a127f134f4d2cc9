namespace VkInfer.Cli.Bench.Serve;

/// <summary>What one caller asks for.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Tokens">Tokens to generate; the end of text does not end it.</param>
internal sealed record ServeRequest(int[] Prompt, int Tokens);

/// <summary>How long something is: a number, or any between two.</summary>
/// <param name="Least">The least.</param>
/// <param name="Most">The most.</param>
internal readonly record struct LengthRange(int Least, int Most)
{
    /// <summary>Reads <c>128</c> or <c>64..512</c>.</summary>
    public static bool TryParse(string text, out LengthRange range)
    {
        string[] parts = text.Split("..");
        range = default;
        if (parts.Length > 2 || !int.TryParse(parts[0], out int least) || !int.TryParse(parts[^1], out int most))
        {
            return false;
        }

        range = new LengthRange(least, most);
        return least >= 1 && most >= least;
    }

    /// <summary>One of them.</summary>
    public int Draw(Random random) => random.Next(Least, Most + 1);
}
