using Spectre.Console;

namespace VkInfer.Cli.Output;

/// <summary>Shows how far long work has come: a bar on a terminal, nothing on a pipe.</summary>
internal static class ProgressDisplay
{
    /// <summary>Runs work that reports how far it has come.</summary>
    /// <param name="console">Where the bar is drawn, if it is a terminal.</param>
    /// <param name="title">What stands in front of the bar.</param>
    /// <param name="work">The work.</param>
    public static async Task<T> RunAsync<T>(CliConsole console, string title, Func<ProgressReport, Task<T>> work)
    {
        if (!console.ShowsProgress)
        {
            return await work(new ProgressReport((_, _) => { })).ConfigureAwait(false);
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
