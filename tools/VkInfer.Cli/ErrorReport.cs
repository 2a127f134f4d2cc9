using System.Text;
using VkInfer.Formats;
using VkInfer.Grammar;
using VkInfer.Tokenization;
using VkInfer.Vulkan;

namespace VkInfer.Cli;

/// <summary>Turns an exception into one line for a person, and an exit code.</summary>
internal static class ErrorReport
{
    private const string ParameterSuffix = " (Parameter '";

    /// <summary>Writes what went wrong and returns the exit code.</summary>
    /// <param name="error">Where to write.</param>
    /// <param name="problem">What was thrown.</param>
    /// <param name="verbose">Adds the stack.</param>
    public static int Write(TextWriter error, Exception problem, bool verbose)
    {
        error.WriteLine($"vkinfer: {OneLine(Describe(problem, verbose))}");
        if (verbose)
        {
            error.WriteLine(problem);
        }

        return IsUsage(problem) ? ExitCodes.Usage : ExitCodes.Failure;
    }

    /// <summary>Puts a text on one line without control characters.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char c in text.Trim())
        {
            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.ToString();
    }

    private static bool IsUsage(Exception problem) =>
        problem is CliException { IsUsage: true } or OptionsException { IsFromCommandLine: true };

    private static string Describe(Exception problem, bool verbose) => problem switch
    {
        OperationCanceledException => "cancelled",
        DecoderFallbackException => "the input is not valid UTF-8",
        ArgumentOutOfRangeException { ActualValue: { } value } range => $"{WithoutParameter(range.Message)} Got {value}.",
        ArgumentException argument => WithoutParameter(argument.Message),
        OutOfMemoryException => "not enough memory",
        CliException or OptionsException or ModelFormatException or UnsupportedModelException or ContextLengthExceededException
            or InvalidLogitsException or TokenizerException or ChatTemplateException or GrammarException or VulkanException or IOException
            or UnauthorizedAccessException => problem.Message,
        _ => $"internal error: {problem.GetType().Name}: {problem.Message}" + (verbose ? "" : " (--verbose shows the stack)"),
    };

    private static string WithoutParameter(string message)
    {
        int end = message.IndexOf(ParameterSuffix, StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
