using System.Text.RegularExpressions;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Tests;

/// <summary>Long work without a terminal writes a line on the error stream now and then, and nothing to the results.</summary>
public sealed class ProgressTests
{
    [Test]
    public async Task Long_work_writes_lines_on_the_error_stream()
    {
        using var results = new StringWriter();
        using var errors = new StringWriter();
        var console = new CliConsole(TextReader.Null, results, errors, false, false) { ProgressInterval = TimeSpan.FromMilliseconds(20) };
        int answer = await ProgressDisplay.RunAsync(console, "Scoring", async progress =>
        {
            await WaitForLine(errors, "^Scoring: 0 % after [0-9]+ s$");
            progress.Report(1, 4);
            await WaitForLine(errors, "^Scoring: 25 % after [0-9]+ s$");
            progress.Report("reading", 3, 4);
            await WaitForLine(errors, "^reading: 75 % after [0-9]+ s$");
            return 42;
        });
        string written = errors.ToString();
        Assert.That(answer, Is.EqualTo(42));
        Assert.That(results.ToString(), Is.Empty);
        await Task.Delay(100);
        Assert.That(errors.ToString(), Is.EqualTo(written), "a line after the end");
    }

    [Test]
    public async Task Work_that_is_soon_done_writes_nothing()
    {
        using var errors = new StringWriter();
        var console = new CliConsole(TextReader.Null, TextWriter.Null, errors, false, false);
        await ProgressDisplay.RunAsync(console, "Scoring", progress =>
        {
            progress.Report(1, 2);
            return Task.FromResult(0);
        });
        Assert.That(errors.ToString(), Is.Empty);
    }

    [Test]
    public async Task An_error_stream_that_is_gone_does_not_end_the_work()
    {
        var errors = new StreamWriter(new MemoryStream());
        await errors.DisposeAsync();
        var console = new CliConsole(
            TextReader.Null, TextWriter.Null, errors, false, false)
        { ProgressInterval = TimeSpan.FromMilliseconds(5) };
        Assert.That(await ProgressDisplay.RunAsync(console, "Scoring", async _ => { await Task.Delay(60); return 1; }), Is.EqualTo(1));
    }

    private static async Task WaitForLine(StringWriter writer, string pattern)
    {
        for (int i = 0; i < 500; i++)
        {
            if (Regex.IsMatch(Text(writer), pattern, RegexOptions.Multiline))
            {
                return;
            }

            await Task.Delay(20);
        }

        Assert.Fail($"no line {pattern}: {Text(writer)}");
    }

    // The writer's lines come from another thread; a torn copy is copied again.
    private static string Text(StringWriter writer)
    {
        try
        {
            return writer.ToString().ReplaceLineEndings("\n");
        }
        catch (ArgumentOutOfRangeException)
        {
            return "";
        }
    }
}
