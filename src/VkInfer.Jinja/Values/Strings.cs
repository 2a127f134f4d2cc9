namespace VkInfer.Jinja;

/// <summary>White space as Python's strings know it.</summary>
internal static class Strings
{
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    public static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char character in text)
        {
            if (!IsSpace(character))
            {
                return false;
            }
        }

        return true;
    }

    public static string Trim(string text) => TrimStart(TrimEnd(text));

    public static string TrimStart(string text)
    {
        int start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }
}
