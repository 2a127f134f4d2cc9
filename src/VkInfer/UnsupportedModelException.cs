using VkInfer.Formats;

namespace VkInfer;

/// <summary>A model file is well formed but asks for something this runtime cannot do, or contradicts itself.</summary>
public sealed class UnsupportedModelException : VkInferException
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

    private static string OneLine(string message) => DisplayText.OneLine(message, MostCharacters);
}
