using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Bench.Serve;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Measures how a model's engine serves many requests at once.</summary>
internal sealed class BenchServeCommand : CliCommand
{
    private const int Seed = 1234;
    private const int WarmUpSeed = 1_000_000_000; // Far from those of what is timed.
    private const int MostAtOnce = 4096;
    private const int RequestsEach = 8;
    private const int RateSeconds = 30;
    private const int MostRequests = 100_000;

    // Of the warm-up of requests that arrive at a rate: how many are there at a time is not known before.
    private const int MostWarmUp = 64;

    private readonly SyntheticOptions _synthetic;
    private readonly Option<int?> _layers = new("--layers") { Description = "Fewer layers than the shape has." };

    private readonly Option<int[]?> _concurrency = TokenList.NumbersOption("--concurrency", "Requests at a time.", 1, 8);
    private readonly Option<double?> _rate =
        new("--rate") { Description = "Requests a second that arrive at random moments, in place of --concurrency." };
    private readonly Option<int?> _requests =
        new("--requests")
        {
            Description = $"Requests that are timed; without it {RequestsEach} for each at a time, what arrives in {RateSeconds} seconds "
                + "of --rate, or each line of --workload once.",
        };

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
        ServeRequest[] Requests(int atOnce, int seed) => parse.GetValue(_workload) is { } file
            ? ServeWorkload.Read(file, parse.GetValue(_requests), model, seed)
            : ServeWorkload.Random(
                parse.GetValue(_requests) ?? CountOf(parse, atOnce), prompt, generate, parse.GetValue(_shared), model.Config.VocabSize,
                seed);
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

            ServeRequest[] timed = requests(atOnce, Seed + (1_000_000 * results.Count));
            runner.Ended = null;
            await runner.ForgetAsync().ConfigureAwait(false);

            // Whatever is made when it is first needed: passes, recordings, pipelines.
            foreach (int warm in WarmUps(parse, atOnce, timed.Length))
            {
                ServeRequest[] others =
                    ServeWorkload.WarmUp(timed, warm, parse.GetValue(_shared), model.Config.VocabSize, WarmUpSeed + (MostAtOnce * warm));
                await runner.RunAsync(others, warm, cancellationToken).ConfigureAwait(false);
            }

            int before = results.Count * timed.Length;
            runner.Ended = ended => progress.Report(before + ended, (long)concurrency.Length * timed.Length);
            results.Add(parse.GetValue(_rate) is { } rate
                ? await runner.RunAtAsync(timed, rate, cancellationToken).ConfigureAwait(false)
                : await runner.RunAsync(timed, atOnce, cancellationToken).ConfigureAwait(false));
        }

        return [.. results];
    }

    /// <summary>How many requests at a time warm up, one run behind the other.</summary>
    private IEnumerable<int> WarmUps(ParseResult parse, int atOnce, int timed)
    {
        if (parse.GetValue(_rate) is null)
        {
            yield return atOnce;
            yield break;
        }

        for (int some = 1; some <= Math.Min(timed, MostWarmUp); some *= 2)
        {
            yield return some;
        }
    }

    private int CountOf(ParseResult parse, int atOnce) => parse.GetValue(_rate) is { } rate
        ? (int)Math.Clamp(Math.Ceiling(rate * RateSeconds), RequestsEach, MostRequests)
        : RequestsEach * atOnce;

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

        if (parse.GetValue(_rate) is not null && parse.GetResult(_concurrency) is { Implicit: false })
        {
            throw CliException.Usage("bench serve takes either --concurrency or --rate");
        }

        Option[] lengths = [_prompt, _generate, _shared];
        if (parse.GetValue(_workload) is not null && Array.Find(lengths, one => parse.GetResult(one) is { Implicit: false }) is { } length)
        {
            throw CliException.Usage($"{length.Name} has no meaning beside --workload, whose lines say how long each request is");
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

        OutputFile.RequireWritable(parse.GetValue(_plot));
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
