namespace VkInfer.Tokenization;

/// <summary>Makes UTF-16 well formed: .NET strings may hold lone surrogates, which no encoding of Unicode can express.</summary>
internal static class WellFormed
{
    /// <summary>Returns the text itself, or a copy in which each lone surrogate is U+FFFD.</summary>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> text)
    {
        int first = IndexOfLoneSurrogate(text);
        if (first < 0)
        {
            return text;
        }

        char[] copy = text.ToArray();
        for (int i = first; i >= 0 && i < copy.Length;)
        {
            copy[i] = '\uFFFD';
            int next = IndexOfLoneSurrogate(copy.AsSpan(i + 1));
            i = next < 0 ? -1 : i + 1 + next;
        }

        return copy;
    }

    private static int IndexOfLoneSurrogate(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int found = text[i..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (found < 0)
            {
                return -1;
            }

            i += found;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return i;
            }

            i++;
        }

        return -1;
    }
}
