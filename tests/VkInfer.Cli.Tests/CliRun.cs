namespace VkInfer.Cli.Tests;

/// <summary>What a command line did, run inside this process.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    /// <summary>The device that tests run on.</summary>
    public static string Device =>
        Environment.GetEnvironmentVariable("VKINFER_TEST_DEVICE") is { Length: > 0 } device ? device : "software";

    /// <summary>The lines of standard error.</summary>
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs a command line without a device.</summary>
    public static CliRun Of(params string[] arguments) => With("", arguments);

    /// <summary>Runs a command line on the device that tests run on.</summary>
    public static CliRun OnDevice(params string[] arguments) => Of([.. arguments, "--device", Device]);

    /// <summary>Runs a command line that reads a text.</summary>
    public static CliRun With(string input, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var interrupt = new Interrupt();
        var console = new CliConsole(new StringReader(input), output, error, IsInteractive: false, ShowsProgress: false)
        {
            // However long a test takes on a busy machine.
            ProgressInterval = TimeSpan.FromDays(1),
        };
        int exitCode = CliProgram.RunAsync(arguments, console, interrupt).GetAwaiter().GetResult();
        return new CliRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Fails unless the command did its work without a word of complaint.</summary>
    public CliRun AssertSuccess(bool mayWarn = false)
    {
        Assert.That(ExitCode, Is.Zero, Error);
        Assert.That(
            Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(
                line => !mayWarn || !line.StartsWith("vkinfer: Warning: ", StringComparison.Ordinal)),
            Is.Empty);
        return this;
    }

    /// <summary>Fails unless the command wrote a file.</summary>
    public void AssertConverted()
    {
        AssertSuccess();
        Assert.That(Out, Does.Contain("\"fileBytes\""));
    }

    /// <summary>Fails unless the command failed with one line that holds a text, and wrote no result.</summary>
    public void AssertFailure(int exitCode, string message)
    {
        Assert.Multiple(() =>
        {
            Assert.That(ExitCode, Is.EqualTo(exitCode), Error);
            Assert.That(ErrorLines, Has.Length.EqualTo(1), Error);
            Assert.That(Error, Does.Contain(message));
            Assert.That(Error, Does.Not.Contain("internal error"));
            Assert.That(Out, Is.Empty);
        });
    }
}
