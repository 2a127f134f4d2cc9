using System.Text;
using VkInfer.Cli.Output;

namespace VkInfer.Cli;

/// <summary>The streams a command reads and writes: those of the process, or a test's.</summary>
/// <param name="In">Where a chat reads from.</param>
/// <param name="Out">Results, and nothing else.</param>
/// <param name="Error">Messages and progress.</param>
/// <param name="IsInteractive">Whether a person types the input and reads the output.</param>
/// <param name="ShowsProgress">Whether <paramref name="Error"/> is a terminal on which a progress bar can move.</param>
internal sealed record CliConsole(TextReader In, TextWriter Out, TextWriter Error, bool IsInteractive, bool ShowsProgress)
{
    /// <summary>The time between lines of progress where <see cref="Error"/> is no such terminal.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The process's own streams, as strict UTF-8 where they are no terminal.</summary>
    public static CliConsole OfProcess()
    {
        Console.OutputEncoding = Encoding.UTF8;
        bool hasInput = !StandardStreams.IsClosed(StandardStreams.In);
        bool hasOutput = !StandardStreams.IsClosed(StandardStreams.Out);
        bool hasError = !StandardStreams.IsClosed(StandardStreams.Error);
        TextReader input = !hasInput ? TextReader.Null
            : Console.IsInputRedirected
            ? new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false, throwOnInvalidBytes: true))
            : Console.In;
        TextWriter output = Console.IsOutputRedirected || !hasOutput
            ? new StreamWriter(new StandardOutput(), new UTF8Encoding(false)) { AutoFlush = true }
            : Console.Out;
        return new CliConsole(
            input, output, hasError ? Console.Error : TextWriter.Null,
            IsInteractive: hasInput && hasOutput && !Console.IsInputRedirected && !Console.IsOutputRedirected,
            ShowsProgress: hasError && !Console.IsErrorRedirected);
    }
}
