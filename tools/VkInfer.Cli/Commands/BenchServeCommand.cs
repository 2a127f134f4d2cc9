using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Bench.Serve;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Measures how a model's engine serves many requests at once.</summary>
internal sealed class BenchServeCommand : CliCommand
{
    private const int Seed = 1234;
    private const int MostAtOnce = 4096;
    private const int RequestsEach = 8;
    private const int WarmUpTokens = 8;

    private readonly SyntheticOptions _synthetic;
    private readonly Option<int?> _layers = new("--layers") { Description = "Fewer layers than the shape has." };

    private readonly Option<int[]?> _concurrency = TokenList.NumbersOption("--concurrency", "Requests at a time.", 1, 8);
    private readonly Option<double?> _rate =
        new("--rate") { Description = "Requests a second that arrive at random moments, in place of --concurrency." };
    private readonly Option<int?> _requests =
        new("--requests") { Description = $"Requests that are timed; without it {RequestsEach} for each at a time." };

    private readonly Option<string> _prompt = Length("--prompt-tokens", "Tokens of a prompt", "128");
    private readonly Option<string> _generate = Length("--gen-tokens", "Tokens of an answer", "128");
    private readonly Option<int> _shared = new("--shared-prefix") { Description = "Tokens that all prompts begin with." };

    private readonly Option<string?> _workload = new("--workload")
    {
        Description = "Requests of a file: {\"prompt\": \"text\", \"tokens\": 64} a line, or \"promptTokens\" in place of the prompt.",
    };

    private readonly Option<string?> _plot = new("--plot") { Description = "Draws latency against load into a PNG file." };

    public BenchServeCommand(CliConsole console)
        : base("serve", "Measures how the engine serves many requests at once.", console)
    {
        _synthetic = new SyntheticOptions(this, _layers);
        foreach (Option option in (Option[])[_concurrency, _rate, _requests, _prompt, _generate, _shared, _workload, _plot])
        {
            Options.Add(option);
        }

        AddModelOptions();
        AddSettings(nameof(VkInferOptions.Draft));
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        ParseResult parse = call.Parse;
        _synthetic.Check(parse);
        (LengthRange prompt, LengthRange generate) = (LengthOf(parse, _prompt), LengthOf(parse, _generate));
        Check(parse, prompt);
        int positions = Math.Max(prompt.Most, parse.GetValue(_shared) + 1) + generate.Most;
        ModelOptions options = parse.GetValue(_workload) is null
            ? call.ModelOptions with { ContextLength = call.Options.ContextLength ?? positions }
            : call.ModelOptions;
        using Model model =
            await _synthetic.LoadAsync(call, Console, options, parse.GetValue(_layers), cancellationToken).ConfigureAwait(false);
        ServeRequest[] Requests(int count, int seed) => parse.GetValue(_workload) is { } file
            ? ServeWorkload.Read(file, count, model, seed)
            : ServeWorkload.Random(count, prompt, generate, parse.GetValue(_shared), model.Config.VocabSize, seed);
        ServeResult[] results = await ProgressDisplay.RunAsync(
            Console, "Measuring",
            progress => Task.Run(() => MeasureAsync(parse, model, Requests, progress, cancellationToken), cancellationToken))
            .ConfigureAwait(false);
        Report(call, model, results);
    }

    private async Task<ServeResult[]> MeasureAsync(
        ParseResult parse, Model model, Func<int, int, ServeRequest[]> requests, ProgressReport progress,
        CancellationToken cancellationToken)
    {
        var runner = new ServeRunner(model, Seed);
        int[] concurrency = parse.GetValue(_rate) is null ? parse.GetValue(_concurrency)! : [1];
        var results = new List<ServeResult>();
        foreach (int atOnce in concurrency)
        {
            progress.Report($"{atOnce} at a time", results.Count, concurrency.Length);

            // Whatever is made when it is first needed: passes, recordings, pipelines.
            ServeRequest[] warmUp = [.. requests(atOnce, -Seed).Select(
                request => request with { Tokens = Math.Min(WarmUpTokens, request.Tokens) })];
            runner.Ended = null;
            await runner.RunAsync(warmUp, atOnce, cancellationToken).ConfigureAwait(false);
            ServeRequest[] timed = requests(parse.GetValue(_requests) ?? (RequestsEach * atOnce), Seed + (1_000_000 * results.Count));
            int before = results.Count * timed.Length;
            runner.Ended = ended => progress.Report(before + ended, (long)concurrency.Length * timed.Length);
            results.Add(parse.GetValue(_rate) is { } rate
                ? await runner.RunAtAsync(timed, rate, cancellationToken).ConfigureAwait(false)
                : await runner.RunAsync(timed, atOnce, cancellationToken).ConfigureAwait(false));
        }

        return [.. results];
    }

    private void Report(CliCall call, Model model, ServeResult[] results)
    {
        if (call.Parse.GetValue(_plot) is { } plot)
        {
            ServePlot.Save(plot, model.Device.Name, results);
        }

        if (call.Json)
        {
            call.WriteJson(
                new ServeDocument(model.Device.Name, model.Driver(), model.Name, results), CliJsonContext.Readable.ServeDocument);
            return;
        }

        Console.Out.WriteLine($"{model.Device.Name}, {model.Driver()}; {model.Name}; times in ms: median, 90 %, 99 %");
        var table = new TextTable(
            " load", " requests", " tokens/s", " requests/s", " first token", " between tokens", " cached", " preempted", " pages");
        foreach (ServeResult result in results)
        {
            table.Add(
                result.RequestRate is { } rate ? $"{Number(rate)} a second" : $"{result.Concurrency} at a time",
                result.Requests.ToString(CultureInfo.InvariantCulture), Number(result.OutputTokensPerSecond),
                Number(result.RequestsPerSecond), Times(result.TimeToFirstTokenMs), Times(result.TimeBetweenTokensMs),
                result.CachedTokens.ToString(CultureInfo.InvariantCulture), result.Preemptions.ToString(CultureInfo.InvariantCulture),
                result.KvPagesPeak.ToString(CultureInfo.InvariantCulture));
        }

        table.Write(Console.Out);
    }

    private void Check(ParseResult parse, LengthRange prompt)
    {
        if (parse.GetValue(_rate) is { } rate && !(rate > 0 && double.IsFinite(rate)))
        {
            throw CliException.Usage("--rate takes a number of requests a second, greater than 0");
        }

        if (parse.GetValue(_requests) is < 1)
        {
            throw CliException.Usage("--requests takes a whole number from 1");
        }

        if (parse.GetValue(_concurrency)!.Any(count => count > MostAtOnce))
        {
            throw CliException.Usage($"--concurrency takes whole numbers from 1 to {MostAtOnce}");
        }

        if (parse.GetValue(_shared) < 0 || parse.GetValue(_shared) >= prompt.Least)
        {
            throw CliException.Usage("--shared-prefix takes a whole number from 0, less than --prompt-tokens");
        }
    }

    private static Option<string> Length(string name, string description, string value) => new(name)
    {
        Description = $"{description}: a number, or a range as 64..512.",
        HelpName = "n|n..m",
        DefaultValueFactory = _ => value,
    };

    private static LengthRange LengthOf(ParseResult parse, Option<string> option) =>
        LengthRange.TryParse(parse.GetValue(option)!, out LengthRange range)
            ? range
            : throw CliException.Usage($"{option.Name} takes a whole number from 1, or a range as 64..512");

    private static string Times(Percentiles times) => $"{Number(times.P50)}, {Number(times.P90)}, {Number(times.P99)}";

    private static string Number(double value) => value.ToString(value < 100 ? "F2" : "F0", CultureInfo.InvariantCulture);
}
