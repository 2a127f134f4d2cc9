using System.Diagnostics;

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
    public async Task UsageErrorIsExitCodeTwo() => (await RunAsync([], "frobnicate")).AssertFailure(2, "frobnicate");

    [Test]
    public async Task BrokenSettingsFileIsNamed()
    {
        _folder.Write("appsettings.json", "{ \"VkInfer\": "u8.ToArray());
        (await RunAsync([], "generate", "--prompt", "a")).AssertFailure(1, "appsettings.json");
    }

    [Test]
    public async Task SettingsFileIsRead()
    {
        _folder.Write("appsettings.json", "{ \"VkInfer\": { \"Model\": \"not-there.gguf\" } }"u8.ToArray());
        (await RunAsync([], "generate", "--prompt", "a")).AssertFailure(1, "not-there.gguf");
    }

    [Test]
    public async Task InvalidUtf8OnStandardInputIsRefused() => (await RunAsync([0x68, 0xFF, 0x0A], "chat", "--device", CliRun.Device))
        .AssertFailure(1, "not valid UTF-8");

    [Test]
    [Platform("Unix")]
    public async Task CtrlCEndsWithOneLine()
    {
        string model = TestData.Path(TestData.Stories);
        using Process process = Start("bench", "--model", model, "--device", CliRun.Device, "-r", "10000", "-p", "0");
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.That(process.HasExited, Is.False);
        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        CliRun run = await FinishAsync(process, output, error);
        run.AssertFailure(1, "vkinfer: cancelled");
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
        new ProcessStartInfo(Environment.ProcessPath!, [Path.Combine(AppContext.BaseDirectory, "VkInfer.Cli.dll"), .. arguments])
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
