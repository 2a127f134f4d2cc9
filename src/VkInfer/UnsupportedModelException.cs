using System.Text;

namespace VkInfer;

/// <summary>A model file is well formed but asks for something this runtime cannot do, or contradicts itself.</summary>
public sealed class UnsupportedModelException : Exception
{
    private const int MostCharacters = 600;

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What, where, expected, got. Names in it may come from a file: it is made one line of bounded length.</param>
    public UnsupportedModelException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>Creates the exception for a finding of another part.</summary>
    /// <param name="message">What, where, expected, got; made one line of bounded length.</param>
    /// <param name="inner">The finding.</param>
    public UnsupportedModelException(string message, Exception inner)
        : base(OneLine(message), inner)
    {
    }

    private static string OneLine(string message)
    {
        var line = new StringBuilder(Math.Min(message.Length, MostCharacters));
        foreach (char character in message.AsSpan(0, Math.Min(message.Length, MostCharacters)))
        {
            _ = char.IsControl(character) || character is '\u2028' or '\u2029' ? line.Append($"\\u{(int)character:X4}") : line.Append(character);
        }

        return message.Length > MostCharacters ? line.Append("...").ToString() : line.ToString();
    }
}
