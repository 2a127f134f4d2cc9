namespace VkInfer.Samples.Desktop.Hosting;

/// <summary>What the command line says. Immutable.</summary>
public sealed record DesktopArguments
{
    /// <summary>The text of <c>--help</c>.</summary>
    public const string Help = """
        Chats with a model in a window.
          --no-window     only prints the address, to be opened in any browser of this user
          --data FOLDER   where conversations and settings are kept; without it in this user's folder for data of programs
        """;

    /// <summary>Whether only the help is wanted.</summary>
    public bool ShowsHelp { get; init; }

    /// <summary>Whether a window is opened.</summary>
    public bool OpensWindow { get; init; } = true;

    /// <summary>Where conversations and settings are kept.</summary>
    public string DataFolder { get; init; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "vkinfer-desktop");

    /// <summary>Reads a command line.</summary>
    /// <exception cref="ArgumentException">It has an argument that is none.</exception>
    public static DesktopArguments Parse(ReadOnlySpan<string> args)
    {
        var arguments = new DesktopArguments();
        for (int i = 0; i < args.Length; i++)
        {
            arguments = args[i] switch
            {
                "--help" or "-h" => arguments with { ShowsHelp = true },
                "--no-window" => arguments with { OpensWindow = false },
                "--data" when i + 1 < args.Length => arguments with { DataFolder = args[++i] },
                "--data" => throw new ArgumentException("--data needs a folder."),
                { } other => throw new ArgumentException($"'{other}' is no argument; known are --no-window, --data FOLDER and --help."),
            };
        }

        return arguments;
    }
}
