using Spectre.Console;

namespace VkInfer.Cli.Output;

/// <summary>Shows how far long work has come: a bar on a terminal, elsewhere a line on the error stream now and then.</summary>
internal static class ProgressDisplay
{
    /// <summary>Runs work that reports how far it has come.</summary>
    /// <param name="console">Where it is shown.</param>
    /// <param name="title">What the work is called.</param>
    /// <param name="work">The work.</param>
    public static async Task<T> RunAsync<T>(CliConsole console, string title, Func<ProgressReport, Task<T>> work)
    {
        if (!console.ShowsProgress)
        {
            await using var lines = new ProgressLines(console.Error, title, console.ProgressInterval);
            return await work(new ProgressReport(lines.Show)).ConfigureAwait(false);
        }

        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(console.Error) });
        return await terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title));
                return work(new ProgressReport((stage, fraction) =>
                {
                    task.Description = Markup.Escape(stage ?? title);
                    task.Value = fraction * task.MaxValue;
                }));
            }).ConfigureAwait(false);
    }
}
