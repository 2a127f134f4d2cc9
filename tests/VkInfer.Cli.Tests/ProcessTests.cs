using System.Diagnostics;
using System.Globalization;
using VkInfer.Testing;

namespace VkInfer.Cli.Tests;

/// <summary>What only a process of its own shows: files of its folder, standard input, signals.</summary>
public class ProcessTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Usage_error_is_exit_code_two() => (await RunAsync([], "frobnicate")).AssertFailure(2, "frobnicate");

    [Test]
    public async Task Broken_settings_file_is_named()
    {
        _folder.Write("appsettings.json", "{ \"VkInfer\": "u8.ToArray());
        (await RunAsync([], "generate", "--prompt", "a")).AssertFailure(1, "appsettings.json");
    }

    [Test]
    public async Task Settings_file_is_read()
    {
        _folder.Write("appsettings.json", "{ \"VkInfer\": { \"Model\": \"not-there.gguf\" } }"u8.ToArray());
        (await RunAsync([], "generate", "--prompt", "a")).AssertFailure(1, "not-there.gguf");
    }

    [Test]
    public async Task Invalid_utf8_on_standard_input_is_refused() => (await RunAsync([0x68, 0xFF, 0x0A], "chat", "--device", CliRun.Device))
        .AssertFailure(1, "not valid UTF-8");

    [TestCase("INT", 130)]
    [TestCase("TERM", 143)]
    [TestCase("HUP", 129)]
    [Platform("Unix")]
    public async Task Signals_end_a_command_with_one_line_and_the_code_of_the_signal(string signal, int exitCode)
    {
        string model = ReferenceData.StoriesPath;
        using Process process = Start("bench", "--model", model, "--device", CliRun.Device, "-r", "10000", "-p", "0");
        CliRun run = await SignalAsync(process, signal, () => UntilCaughtAsync(process));
        run.AssertFailure(exitCode, "vkinfer: cancelled");
    }

    [TestCase("TERM", 143)]
    [TestCase("HUP", 129)]
    [Platform("Unix")]
    public async Task Signals_end_a_chat_that_waits_for_its_next_line(string signal, int exitCode)
    {
        using Process process = Start("chat", "--model", ReferenceData.StoriesPath, "--device", CliRun.Device);
        CliRun run = await SignalAsync(process, signal, () => UntilCaughtAsync(process));
        Assert.That((run.ExitCode, run.Error.Trim()), Is.EqualTo((exitCode, "vkinfer: cancelled")));
    }

    [TestCase("TERM", 143)]
    [TestCase("HUP", 129)]
    [Platform("Unix")]
    public async Task A_conversion_that_a_signal_ends_leaves_no_file(string signal, int exitCode)
    {
        string halves = Path.Combine(_folder.FullName, "f32.gguf");
        CliRun.Of("convert", Model.DefaultModelPath, halves, "--quantize", "F32").AssertConverted();
        using Process process = Start("convert", halves, "out.gguf", "--quantize", "IQ4_XS");
        CliRun run = await SignalAsync(process, signal, UntilUnfinishedAsync);
        run.AssertFailure(exitCode, "vkinfer: cancelled");
        Assert.That(Directory.GetFiles(_folder.FullName), Is.EqualTo(new[] { halves }));

        async Task UntilUnfinishedAsync()
        {
            while (Directory.GetFiles(_folder.FullName, "*.part").Length == 0)
            {
                await Task.Delay(5);
            }
        }
    }

    [TestCase(">&-", "standard output is closed")]
    [TestCase(">/dev/full", "standard output: No space left on device")]
    [Platform("Linux")]
    public async Task Output_that_cannot_be_written_is_one_line(string redirection, string message)
    {
        var start = new ProcessStartInfo(
            "sh",
            ["-c", $"exec \"$0\" \"$1\" inspect \"$2\" {redirection}", Environment.ProcessPath!, Program, ReferenceData.StoriesPath])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        CliRun run = await FinishAsync(process, Task.FromResult(""), process.StandardError.ReadToEndAsync());
        run.AssertFailure(1, message);
    }

    /// <summary>As behind <c>| head -1</c>: the console's own stream would write on, and the model with it.</summary>
    [Test]
    [Platform("Unix")]
    public async Task A_pipe_that_nobody_reads_any_more_ends_a_command()
    {
        using Process process = Start("chat", "--device", CliRun.Device);
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync("Who are you?");
        await process.StandardInput.FlushAsync();
        await process.StandardOutput.BaseStream.ReadExactlyAsync(new byte[1]);
        process.StandardOutput.Close();
        await process.StandardInput.WriteLineAsync("Tell me a story about a fox.");
        process.StandardInput.Close();
        CliRun run = await FinishAsync(process, Task.FromResult(""), error);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((141, "")));
    }

    /// <summary>By the library itself, without the script that gives it streams: what is closed becomes no file of the runtime's.</summary>
    [TestCase("chat --model \"$2\" <&-", 0, "")]
    [TestCase("generate --model \"$2\" --prompt a --max-tokens 1 <&- >&-", 1, "standard output is closed")]
    [TestCase("inspect /nowhere <&- >&- 2>&-", 1, "")]
    [TestCase("inspect \"$2\" 2>&-", 0, "")]
    [Platform("Linux")]
    public async Task Closed_standard_streams_end_a_command_by_its_code(string command, int exitCode, string message)
    {
        var start = new ProcessStartInfo(
            "sh", ["-c", $"exec \"$0\" \"$1\" {command}", Environment.ProcessPath!, Program, ReferenceData.StoriesPath])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["VKINFER_DEVICE"] = CliRun.Device;
        using Process process = Process.Start(start)!;
        CliRun run = await FinishAsync(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        Assert.That((run.ExitCode, run.Error.Trim()), Is.EqualTo((exitCode, message.Length == 0 ? "" : $"vkinfer: {message}")));
    }

    /// <summary>With fewer the runtime does not start, and says so itself; <c>tools/vkinfer</c> asks for 96.</summary>
    [TestCase(24)]
    [TestCase(32)]
    [TestCase(64)]
    [Platform("Linux")]
    public async Task Few_file_handles_are_one_line(int handles)
    {
        var start = new ProcessStartInfo(
            "sh",
            [
                "-c", $"ulimit -n {handles}; exec \"$0\" \"$1\" inspect \"$2\"", Environment.ProcessPath!, Program,
                ReferenceData.StoriesPath,
            ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        CliRun run = await FinishAsync(process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (run.ExitCode != 0)
        {
            Assert.That(run.Error.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1), run.Error);
            Assert.That(run.Error, Does.StartWith("vkinfer: "));
        }
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "VkInfer.Cli.dll");

    private static async Task<CliRun> SignalAsync(Process process, string signal, Func<Task> until)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await until();
        Assert.That(process.HasExited, Is.False);
        using (Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        return await FinishAsync(process, output, error);
    }

    /// <summary>
    /// Waits until a process has its handlers of signals, however slow the machine is, and then long enough for it to be at work on a usual
    /// one.
    /// </summary>
    private static async Task UntilCaughtAsync(Process process)
    {
        // The last one that the program sets up; the runtime has none of its own for it.
        const ulong HangUp = 1;
        using var limit = new CancellationTokenSource(Limit);
        while (OperatingSystem.IsLinux() && (CaughtSignals(process) & HangUp) == 0)
        {
            await Task.Delay(20, limit.Token);
        }

        await Task.Delay(TimeSpan.FromSeconds(3));
    }

    private static ulong CaughtSignals(Process process)
    {
        const string Field = "SigCgt:";
        string line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return ulong.Parse(line[Field.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private async Task<CliRun> RunAsync(byte[] input, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.BaseStream.WriteAsync(input);
        process.StandardInput.Close();
        return await FinishAsync(process, output, error);
    }

    private Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(Environment.ProcessPath!, [Program, .. arguments])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static async Task<CliRun> FinishAsync(Process process, Task<string> output, Task<string> error)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"The process did not end within {Limit}.");
        }

        return new CliRun(process.ExitCode, await output, await error);
    }
}
