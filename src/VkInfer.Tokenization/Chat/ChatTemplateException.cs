using VkInfer.Jinja;

namespace VkInfer.Tokenization;

/// <summary>
/// A chat template that cannot be parsed, or that refuses a conversation. The message is one line of bounded length: template,
/// line, and what is wrong, in the template's own words where it has some.
/// </summary>
public sealed class ChatTemplateException : VkInferException
{
    private const int MostCharacters = 400;

    internal ChatTemplateException(JinjaException inner)
        : base($"Chat template, {OneLine(inner.Message)}", inner)
    {
    }

    private static string OneLine(string message)
    {
        string shown = message.Length > MostCharacters ? message[..MostCharacters] + "..." : message;
        return string.Concat(shown.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? $"\\u{(int)c:X4}" : c.ToString()));
    }
}
