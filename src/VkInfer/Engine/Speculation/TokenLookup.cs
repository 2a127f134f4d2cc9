namespace VkInfer.Engine.Speculation;

/// <summary>
/// Looks for the end of a text further up in it, and guesses that what followed there follows again: prompt look-up decoding (Saxena 2023).
/// </summary>
internal static class TokenLookup
{
    /// <summary>Tokens that must be the same, at least.</summary>
    public const int Shortest = 2;

    /// <summary>Tokens beyond which nobody compares: more say no more.</summary>
    public const int Longest = 8;

    // Looking further back costs more than it finds.
    private const int Window = 8192;

    /// <summary>Finds the place further up whose tokens before it are the same for longest; of equal ones the latest.</summary>
    /// <param name="text">The text.</param>
    /// <returns>
    /// Where the text goes on there, and how many tokens before it are the same; a length of 0: there is no such place.
    /// </returns>
    public static (int Next, int Length) Find(ReadOnlySpan<int> text)
    {
        (int Next, int Length) best = default;
        if (text.Length <= Shortest)
        {
            return best;
        }

        int first = Math.Max(0, text.Length - Window);
        int end = text.Length - 1;
        while (best.Length < Longest)
        {
            int found = text[first..end].LastIndexOf(text[^1]);
            if (found < 0)
            {
                return best;
            }

            end = first + found;
            int length = Same(text, end);
            if (length >= Shortest && length > best.Length)
            {
                best = (end + 1, length);
            }
        }

        return best;
    }

    /// <summary>How many tokens up to one are those up to the last.</summary>
    private static int Same(ReadOnlySpan<int> text, int at)
    {
        int length = 0;
        while (length < Longest && length <= at && text[at - length] == text[^(length + 1)])
        {
            length++;
        }

        return length;
    }
}
