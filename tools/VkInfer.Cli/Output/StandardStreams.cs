namespace VkInfer.Cli.Output;

/// <summary>Tells whether the process was given its standard streams.</summary>
internal static class StandardStreams
{
    public const int In = 0;
    public const int Out = 1;
    public const int Error = 2;

    // O_CLOEXEC on every architecture that .NET has for Linux.
    private const int CloseOnExec = 0x80000;

    /// <summary>Whether a standard stream was closed when the process began.</summary>
    /// <remarks>
    /// By now the runtime has files of its own there, which would be read from and written to for it. They close when another program is
    /// executed, which a stream that was given never does.
    /// </remarks>
    public static bool IsClosed(int descriptor)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            string? flags = File.ReadLines($"/proc/self/fdinfo/{descriptor}")
                .FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return flags is not null && (Octal(flags.AsSpan(6).Trim()) & CloseOnExec) != 0;
        }
        catch (FileNotFoundException)
        {
            return Directory.Exists("/proc/self/fdinfo");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static int Octal(ReadOnlySpan<char> digits)
    {
        int value = 0;
        foreach (char digit in digits)
        {
            value = (value << 3) | (digit - '0');
        }

        return value;
    }
}
