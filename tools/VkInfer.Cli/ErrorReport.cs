using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VkInfer.Cli.Output;

namespace VkInfer.Cli;

/// <summary>Turns an exception into one line for a person, and an exit code.</summary>
internal static class ErrorReport
{
    private const int MaxCharacters = 1000;

    private const string ParameterSuffix = " (Parameter '";

    /// <summary>Writes what went wrong and returns the exit code.</summary>
    /// <param name="error">Where to write.</param>
    /// <param name="problem">What was thrown.</param>
    /// <param name="verbose">Adds the stack.</param>
    public static int Write(TextWriter error, Exception problem, bool verbose)
    {
        if (problem is BrokenPipeException)
        {
            return ExitCodes.BrokenPipe;
        }

        error.WriteLine($"vkinfer: {OneLine(Describe(problem, verbose))}");
        if (verbose)
        {
            error.WriteLine(problem);
        }

        return IsUsage(problem) ? ExitCodes.Usage : ExitCodes.Failure;
    }

    /// <summary>Reports what was thrown where nothing else can, and returns the exit code.</summary>
    public static int WriteLast(Exception problem)
    {
        try
        {
            return WriteToConsole(problem);
        }
#pragma warning disable CA1031 // With no file handle left, assemblies cannot be loaded: the console, types of errors.
        catch (Exception)
#pragma warning restore CA1031
        {
            return WriteBare(problem.Message);
        }
    }

    // Not inlined: what it needs is loaded where its absence is caught.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int WriteToConsole(Exception problem) =>
        Write(StandardStreams.IsClosed(StandardStreams.Error) ? TextWriter.Null : Console.Error, problem, verbose: false);

    /// <summary>One line of ASCII on standard error, if it is open, by what is loaded always: no assembly may be needed for it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int WriteBare(string message)
    {
        try
        {
            int end = message.IndexOf('\n');
            string line = "vkinfer: " + (end < 0 ? message : message.Substring(0, end))
                + " Is the limit of open files too low (ulimit -n)?\n";
            byte[] bytes = new byte[line.Length];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = line[i] < 128 ? (byte)line[i] : (byte)'?';
            }

            using var handle = new SafeFileHandle(StandardStreams.Error, ownsHandle: false);
            using var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
            stream.Write(bytes, 0, bytes.Length);
        }
#pragma warning disable CA1031 // There is nobody left to tell.
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        return ExitCodes.Failure;
    }

    /// <summary>Puts a text on one line of bounded length, without control characters.</summary>
    public static string OneLine(string text)
    {
        text = text.Trim();
        int length = Math.Min(text.Length, MaxCharacters);
        var line = new StringBuilder(length);
        foreach (char c in text.AsSpan(0, length))
        {
            line.Append(IsHarmful(c) ? ' ' : c);
        }

        return text.Length > length ? line.Append('…').ToString() : line.ToString();
    }

    private static bool IsHarmful(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsUsage(Exception problem) => problem is CliException { IsUsage: true };

    private static string Describe(Exception problem, bool verbose) => problem switch
    {
        TypeInitializationException { InnerException: { } cause } => Describe(cause, verbose),
        AggregateException { InnerExceptions: [var only] } => Describe(only, verbose),
        OperationCanceledException => "cancelled",
        DecoderFallbackException => "the input is not valid UTF-8",
        ArgumentOutOfRangeException { ActualValue: { } value } range => $"{WithoutParameter(range.Message)} Got {value}.",
        ArgumentException argument => WithoutParameter(argument.Message),
        OutOfMemoryException => "not enough memory",
        CliException or VkInferException or IOException or UnauthorizedAccessException => problem.Message,
        _ => $"internal error: {problem.GetType().Name}: {problem.Message}" + (verbose ? "" : " (--verbose shows the stack)"),
    };

    /// <summary>The message of an argument exception without the name of a parameter that nobody typed.</summary>
    public static string WithoutParameter(string message)
    {
        int end = message.IndexOf(ParameterSuffix, StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
