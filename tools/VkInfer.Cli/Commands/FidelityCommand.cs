using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Fidelity;
using VkInfer.Cli.Output;
using VkInfer.Kernels;

namespace VkInfer.Cli.Commands;

/// <summary>Compares a model under some settings with itself under the most careful ones.</summary>
internal sealed class FidelityCommand : CliCommand
{
    private const int DefaultWindow = 512;
    private const int MinWindow = 4;

    private readonly Option<string> _file = new("--file") { Description = "The text, in UTF-8.", Required = true };
    private readonly Option<int[]?> _tokens = TokenList.NumbersOption("--tokens", "Most tokens of the text.", MinWindow, 4096);
    private readonly Option<bool> _decode = new("--decode") { Description = "Feeds token by token, as when text is generated." };

    public FidelityCommand(CliConsole console)
        : base(
            "fidelity",
            "Compares --softmax and --kv-type with the synchronized softmax over a float32 KV cache, in windows of --context tokens.",
            console)
    {
        Options.Add(_file);
        Options.Add(_tokens);
        Options.Add(_decode);
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
        int[] tokens = model.Tokenizer.Encode(text);
        tokens = tokens[..Math.Min(tokens.Length, call.Parse.GetValue(_tokens)![0])];
        if (tokens.Length < MinWindow)
        {
            throw new CliException($"{path}: {tokens.Length} tokens; give a longer text");
        }

        using Session session = model.CreateSession();
        using Session reference = model.CreateSession(
            new SessionOptions { KvType = KvType.F32 }.WithResearch(new ResearchOptions { Softmax = SoftmaxChoice.Synchronized }));
        var evaluator = new FidelityEvaluator(session, reference, window, call.Parse.GetValue(_decode));
        FidelityResult result = await ProgressDisplay.RunAsync(Console, "Comparing", progress => Task.Run(
            () => evaluator.Compare(tokens, progress, cancellationToken), cancellationToken)).ConfigureAwait(false);
        double rate = session.ReadSoftmaxStats().Rate;
        double speed = FidelityEvaluator.Speed(session, tokens, cancellationToken);
        double referenceSpeed = FidelityEvaluator.Speed(reference, tokens, cancellationToken);
        if (!double.IsFinite(result.Perplexity) || !double.IsFinite(result.ReferencePerplexity))
        {
            throw new CliException($"the perplexities are {result.Perplexity} and {result.ReferencePerplexity}: logits are not finite");
        }

        Write(call, new FidelityDocument(
            model.Device.Name, model.Name, SoftmaxText.Of(session.Softmax), call.Options.KvType.ToString(), "Synchronized, F32",
            result.Tokens,
            result.Perplexity, result.ReferencePerplexity, (result.Perplexity / result.ReferencePerplexity) - 1, result.EqualGreedyShare,
            result.KlMean, result.Kl99, result.LargestLogitDifference, rate, speed, referenceSpeed));
    }

    private void Write(CliCall call, FidelityDocument document)
    {
        if (call.Json)
        {
            call.WriteJson(document, CliJsonContext.Readable.FidelityDocument);
            return;
        }

        Console.Out.WriteLine($"{document.Device}, {document.Model}, {document.Tokens} tokens");
        Console.Out.WriteLine($"{document.Softmax}; KV cache {document.KvType}");
        var table = new TextTable("measure", " value", " reference");
        table.Add("perplexity", Number(document.Perplexity, "F4"), Number(document.ReferencePerplexity, "F4"));
        table.Add("perplexity difference, %", Number(100 * document.PerplexityDifference, "F4"), "");
        table.Add("equal greedy tokens, %", Number(100 * document.EqualGreedyShare, "F2"), "");
        table.Add("KL divergence, mean", Number(document.KlMean, "E2"), "");
        table.Add("KL divergence, 99 %", Number(document.Kl99, "E2"), "");
        table.Add("largest logit difference", Number(document.LargestLogitDifference, "E2"), "");
        table.Add("rows computed anew, %", Number(100 * document.RecomputeRate, "F4"), "");
        table.Add("decode tokens/s", Number(document.TokensPerSecond, "F1"), Number(document.ReferenceTokensPerSecond, "F1"));
        table.Write(Console.Out);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
