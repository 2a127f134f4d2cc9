using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Cli.Perplexity;

namespace VkInfer.Cli.Commands;

/// <summary>Measures how well a model predicts a text.</summary>
internal sealed class PerplexityCommand : CliCommand
{
    private const int DefaultWindow = 512;
    private const int MinWindow = 4;

    private readonly Option<string> _file = new("--file") { Description = "The text, in UTF-8.", Required = true };
    private readonly Option<bool> _all = new("--all") { Description = "Scores every position, not only a window's second half." };

    public PerplexityCommand(CliConsole console)
        : base(
            "perplexity",
            "Measures how well a model predicts a text, in windows of --context tokens: {\"perplexity\":…,\"tokens\":…}.",
            console)
    {
        Options.Add(_file);
        Options.Add(_all);
        AddModelOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        string path = call.Parse.GetRequiredValue(_file);
        string text = await TextFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
        int window = call.Options.ContextLength ?? DefaultWindow;
        if (window < MinWindow)
        {
            throw CliException.Usage($"--context: \"{window}\" is not a window of {MinWindow} tokens or more");
        }

        using Model model =
            await call.LoadModelAsync(call.ModelOptions with { ContextLength = window }, cancellationToken).ConfigureAwait(false);
        using Session session = model.CreateSession();
        var evaluator = new PerplexityEvaluator(session, window, call.Parse.GetValue(_all));
        int[] tokens = evaluator.Tokenize(text);
        if (tokens.Length < window)
        {
            throw new CliException(
                $"{path}: {tokens.Length} tokens, fewer than one window of {window}; give a longer text or a smaller --context");
        }

        PerplexityResult result = await ProgressDisplay.RunAsync(Console, "Scoring", progress => Task.Run(
            () => evaluator.Evaluate(tokens, progress, cancellationToken), cancellationToken)).ConfigureAwait(false);
        if (!double.IsFinite(result.Perplexity))
        {
            throw new CliException($"the perplexity is {result.Perplexity}: the model's logits are not finite");
        }

        call.WriteJson(
            new PerplexityDocument(
                result.Perplexity, result.Tokens, result.Mean, result.StandardError, result.Windows, window),
            CliJsonContext.Readable.PerplexityDocument);
    }
}
