using System.CommandLine;
using System.Diagnostics;
using System.Text;
using VkInfer.Answers;
using VkInfer.Cli.Output;
using VkInfer.Grammar;
using VkInfer.Samples;
using VkInfer.Tokenization;

namespace VkInfer.Cli.Commands;

/// <summary>Answers or continues one prompt.</summary>
internal sealed class GenerateCommand : CliCommand
{
    private readonly Option<string?> _prompt = new("--prompt")
    {
        Description = "The prompt: a message to a chat model, and a text to continue for any other.",
    };

    private readonly Option<int[]?> _tokens = TokenList.IdsOption("--tokens", required: false);
    private readonly Option<string?> _system = new("--system") { Description = "Instructions that stand before the message." };
    private readonly Option<bool> _raw = new("--raw") { Description = "Continues the prompt as it stands, also with a chat model." };
    private readonly Option<bool> _stats =
        new("--stats") { Description = "Reports how many softmax rows were computed, and how many of them anew." };

    private readonly Option<string?> _grammar = new("--grammar") { Description = "File with a grammar (GBNF) that the answer matches." };
    private readonly Option<string?> _jsonSchema = new("--json-schema")
    {
        Description = "File with a JSON schema; the answer is JSON that is valid under it.",
    };

    public GenerateCommand(CliConsole console)
        : base("generate", "Answers or continues one prompt; the text comes as it is made.", console)
    {
        Options.Add(_prompt);
        Options.Add(_tokens);
        Options.Add(_system);
        Options.Add(_raw);
        Options.Add(_stats);
        AddModelOptions();
        AddSettings(nameof(VkInferOptions.Draft));
        AddGenerationOptions();
        AddSettings(nameof(VkInferOptions.LogProbabilities));
        Options.Add(_grammar);
        Options.Add(_jsonSchema);
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        Check(call);
        CompiledGrammar? grammar = await ReadGrammarAsync(call.Parse, cancellationToken).ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
        using Model model = await call.LoadModelAsync(cancellationToken).ConfigureAwait(false);
        TimeSpan load = Stopwatch.GetElapsedTime(started);
        using Session session = model.CreateSession();
        GenerationOptions options = call.Options.ToGenerationOptions() with
        {
            Grammar = grammar,
        };

        int[] prompt = Prompt(call, model);
        AnswerParser? parser = IsMessage(call, model)
            ? model.AnswerFormat.CreateParser([], grammar is null ? AnswerFormat.TailOf(prompt, model.Tokenizer) : "") : null;
        using var printer = new AnswerPrinter(Console.Out, Console.IsInteractive, AnswerPrinter.WantsColor);
        StringBuilder text = new(), reasoning = new();
        var ids = new List<int>();
        List<LogProbabilitiesDocument>? logProbabilities = options.Sampling.LogProbabilities is null ? null : [];
        await foreach (GenerationUpdate update in session.GenerateAsync(prompt, options, cancellationToken).ConfigureAwait(
            false))
        {
            ids.AddRange(update.TokenIds);
            IReadOnlyList<AnswerPiece> pieces = parser?.Append(update) ?? [new TextPiece(update.Text)];
            text.AppendJoin("", pieces.OfType<TextPiece>().Select(piece => piece.Text));
            reasoning.AppendJoin("", pieces.OfType<ReasoningPiece>().Select(piece => piece.Text));
            logProbabilities?.AddRange(update.LogProbabilities.Select(Document));
            if (!call.Json)
            {
                printer.Write(pieces);
            }

            if (update is { FinishReason: { } reason, Usage: { } usage })
            {
                Finish(call, printer, new GenerateDocument(
                    text.ToString(), reasoning.Length > 0 ? reasoning.ToString() : null, ids, reason, Document(usage), Timings(load, usage),
                    logProbabilities, Stats(call, session)));
            }
        }
    }

    private void Check(CliCall call)
    {
        ParseResult parse = call.Parse;
        if ((parse.GetResult(_prompt) is null) == (parse.GetResult(_tokens) is null))
        {
            throw CliException.Usage("generate takes either --prompt or --tokens");
        }

        if (parse.GetValue(_prompt) is "")
        {
            throw CliException.Usage("--prompt is empty");
        }

        if (parse.GetValue(_grammar) is not null && parse.GetValue(_jsonSchema) is not null)
        {
            throw CliException.Usage("generate takes either --grammar or --json-schema");
        }

        if (call.Options.LogProbabilities is not null && !call.Json)
        {
            throw CliException.Usage("--logprobs needs --json");
        }
    }

    private async Task<CompiledGrammar?> ReadGrammarAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        if ((parse.GetValue(_grammar) ?? parse.GetValue(_jsonSchema)) is not { } path)
        {
            return null;
        }

        string text = await TextFile.ReadAsync(path, cancellationToken, TextFile.MaxGrammarBytes).ConfigureAwait(false);
        try
        {
            return parse.GetValue(_grammar) is null ? JsonSchema.Compile(text) : Gbnf.Compile(text);
        }
        catch (GrammarException fault)
        {
            throw new CliException($"{path}: {fault.Message}");
        }
    }

    /// <summary>Whether the prompt is a message to a chat model, and not a text to continue.</summary>
    private bool IsMessage(CliCall call, Model model) =>
        call.Parse.GetResult(_tokens) is null && !call.Parse.GetValue(_raw) && model.IsChatModel;

    /// <summary>What the model reads: a chat model a message, any other model a text.</summary>
    private int[] Prompt(CliCall call, Model model)
    {
        if (call.Parse.GetResult(_tokens) is not null)
        {
            return call.Parse.GetRequiredValue(_tokens)!;
        }

        string prompt = call.Parse.GetValue(_prompt)!;
        if (!IsMessage(call, model))
        {
            return call.Parse.GetValue(_system) is null
                ? model.Tokenizer.Encode(prompt)
                : throw CliException.Usage("--system needs a chat model, and no --raw");
        }

        List<TemplateMessage> messages = [new(TemplateRole.User, prompt)];
        if (call.Parse.GetValue(_system) is { } system)
        {
            messages.Insert(0, new(TemplateRole.System, system));
        }

        return model.ChatTemplate.Render(model.Tokenizer, messages, addGenerationPrompt: true);
    }

    private SoftmaxStatsDocument? Stats(CliCall call, Session session) =>
        call.Parse.GetValue(_stats) ? SoftmaxStatsDocument.Of(session.ReadSoftmaxStats()) : null;

    private void Finish(CliCall call, AnswerPrinter printer, GenerateDocument document)
    {
        if (call.Json)
        {
            call.WriteJson(document, CliJsonContext.Readable.GenerateDocument);
            return;
        }

        printer.End();
        if (document.SoftmaxStats is { } stats)
        {
            Console.Error.WriteLine($"vkinfer: {SoftmaxText.Of(stats)}");
        }

        if (document.FinishReason == FinishReason.ContextFull)
        {
            Console.Error.WriteLine("vkinfer: the context is full; --context makes it longer");
        }
    }

    private static UsageDocument Document(Usage usage) => new(usage.PromptTokens, usage.CompletionTokens, usage.CachedTokens);

    private static LogProbabilitiesDocument Document(TokenLogProbabilities entry) => new(
        entry.Chosen.TokenId, entry.Chosen.LogProbability,
        [.. entry.Top.Select(top => new LogProbabilityDocument(top.TokenId, top.LogProbability))]);

    private static TimingsDocument Timings(TimeSpan load, Usage usage) => new(
        load.TotalMilliseconds, usage.PrefillTime.TotalMilliseconds, usage.DecodeTime.TotalMilliseconds, usage.PrefillTokensPerSecond,
        usage.DecodeTokensPerSecond);
}
