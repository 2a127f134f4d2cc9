using System.CommandLine;
using VkInfer.Cli.Settings;

namespace VkInfer.Cli;

/// <summary>
/// A command of the program: the options that all have, and one place where its exceptions become a line and an exit code.
/// </summary>
internal abstract class CliCommand : Command
{
    private readonly Option<bool> _json = new("--json") { Description = "Writes one JSON document to standard output." };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Writes more messages, and the stack of an error." };

    protected CliCommand(string name, string description, CliConsole console)
        : base(name, description)
    {
        Console = console;
        Options.Add(_json);
        Options.Add(SettingOption.For(nameof(VkInferOptions.Device)));
        Options.Add(SettingOption.For(nameof(VkInferOptions.Validation)));
        Options.Add(_verbose);
        SetAction(InvokeAsync);
    }

    protected CliConsole Console { get; }

    /// <summary>Does the command's work.</summary>
    /// <param name="call">What was asked.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CliException">It cannot be done.</exception>
    protected abstract Task RunAsync(CliCall call, CancellationToken cancellationToken);

    /// <summary>Adds the options that load a model.</summary>
    protected void AddModelOptions() => AddSettings(
        nameof(VkInferOptions.Model), nameof(VkInferOptions.KvType), nameof(VkInferOptions.ContextLength),
        nameof(VkInferOptions.PrefillChunk), nameof(VkInferOptions.Scheduling), nameof(VkInferOptions.MaxKvPages),
        nameof(VkInferOptions.PrefixCaching), nameof(VkInferOptions.Reproducible), nameof(VkInferOptions.Quantize),
        nameof(ResearchOptions.Softmax), nameof(ResearchOptions.Linear), nameof(ResearchOptions.Dispatches));

    /// <summary>Adds the options that choose tokens.</summary>
    protected void AddGenerationOptions() => AddSettings(
        nameof(VkInferOptions.MaxTokens), nameof(VkInferOptions.Temperature), nameof(VkInferOptions.TopK), nameof(VkInferOptions.TopP),
        nameof(VkInferOptions.MinP), nameof(VkInferOptions.TypicalP), nameof(VkInferOptions.RepetitionPenalty),
        nameof(VkInferOptions.FrequencyPenalty), nameof(VkInferOptions.PresencePenalty), nameof(VkInferOptions.PenaltyWindow),
        nameof(VkInferOptions.LogitBias), nameof(VkInferOptions.Seed), nameof(VkInferOptions.StopStrings),
        nameof(VkInferOptions.IgnoreEndOfText), nameof(VkInferOptions.Speculates), nameof(VkInferOptions.Priority),
        nameof(VkInferOptions.Deadline), nameof(VkInferOptions.Overflow));

    /// <summary>Adds options that set keys of <see cref="VkInferOptions"/>.</summary>
    protected void AddSettings(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            Options.Add(SettingOption.For(name));
        }
    }

    private async Task<int> InvokeAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        bool verbose = parse.GetValue(_verbose);
        try
        {
            (VkInferOptions options, ResearchOptions research) = SettingOption.Read(parse);
            var call = new CliCall(parse, Console, options, research, parse.GetValue(_json), verbose);
            await RunAsync(call, cancellationToken).ConfigureAwait(false);
            await Console.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            return ExitCodes.Success;
        }
#pragma warning disable CA1031 // The outermost place: whatever comes here becomes one line and an exit code.
        catch (Exception problem)
#pragma warning restore CA1031
        {
            return ErrorReport.Write(Console.Error, problem, verbose);
        }
    }
}
