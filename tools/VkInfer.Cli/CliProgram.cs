using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using VkInfer.Cli.Commands;

namespace VkInfer.Cli;

/// <summary>The program: its commands, and what happens to a command line that is none.</summary>
internal static class CliProgram
{
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="console">The streams.</param>
    /// <param name="interrupt">What Ctrl-C does: a command that it ends fails with one line.</param>
    /// <returns>The exit code: 0, 1 (the work failed or was cancelled) or 2 (the command line is wrong).</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, CliConsole console, Interrupt interrupt)
    {
        ParseResult parse = CreateRoot(console, interrupt).Parse(arguments, Parser);
        if (parse.Action is ParseErrorAction)
        {
            // What is missing matters less than what was written and not understood.
            string message = parse.UnmatchedTokens is [string unknown, ..]
                ? $"unknown command or option \"{unknown}\""
                : parse.Errors[0].Message;
            console.Error.WriteLine($"vkinfer: {ErrorReport.OneLine(message)} (try: {CommandPath(parse)} --help)");
            return ExitCodes.Usage;
        }

        // Ctrl-C arrives through the token: a chat needs it to end an answer and not the program.
        var invocation = new InvocationConfiguration
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parse.InvokeAsync(invocation, interrupt.Token).ConfigureAwait(false);
    }

    private static RootCommand CreateRoot(CliConsole console, Interrupt interrupt)
    {
        var root = new RootCommand("Runs large language models through Vulkan compute shaders.") { HelpName = "vkinfer" };
        Command[] commands =
        [
            new DevicesCommand(console),
            new InspectCommand(console),
            new ConvertCommand(console),
            new PullCommand(console),
            new ListCommand(console),
            new RemoveCommand(console),
            new TokenizeCommand(console),
            new DetokenizeCommand(console),
            new LogitsCommand(console),
            new GenerateCommand(console),
            new ChatCommand(console, interrupt),
            new PerplexityCommand(console),
            new BenchCommand(console),
            new CalibrateCommand(console),
            new TuneCommand(console),
            new FidelityCommand(console),
        ];
        foreach (Command command in commands)
        {
            root.Add(command);
        }

        return root;
    }

    private static string CommandPath(ParseResult parse)
    {
        string path = "";
        SymbolResult? result = parse.CommandResult;
        while (result is CommandResult { Command: not RootCommand and var command })
        {
            (path, result) = ($" {command.Name}{path}", result.Parent);
        }

        return "vkinfer" + path;
    }
}
