namespace VkInfer.Cli;

/// <summary>A command cannot do what it was asked; the message is the one line to show.</summary>
internal class CliException : Exception
{
    public CliException(string message, bool isUsage = false)
        : base(message) =>
        IsUsage = isUsage;

    /// <summary>Whether the command line is at fault (exit code 2), not the work (exit code 1).</summary>
    public bool IsUsage { get; }

    /// <summary>The command line is at fault.</summary>
    public static CliException Usage(string message) => new(message, isUsage: true);
}
