namespace VkInfer.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The work failed; standard error has one line that says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>SIGHUP ended the work: 128 and the signal's number, as shells have it.</summary>
    public const int Hangup = 129;

    /// <summary>SIGINT, which is Ctrl-C, ended the work.</summary>
    public const int Interrupted = 130;

    /// <summary>Nobody reads standard output any more, as behind <c>| head -1</c>: what SIGPIPE gives other programs.</summary>
    public const int BrokenPipe = 141;

    /// <summary>SIGTERM ended the work.</summary>
    public const int Terminated = 143;
}
