using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Bench;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Measures prefill and decode, and checks the result.</summary>
internal sealed class BenchCommand : CliCommand
{
    private const int Seed = 1234;
    private const int MaxRepeats = 10_000;

    private readonly SyntheticOptions _synthetic;

    private readonly Option<int?> _layers =
        new("--layers") { Description = "Fewer layers than the shape has, for caches that would not fit." };

    private readonly Option<int[]?> _prompts =
        TokenList.NumbersOption("--n-prompt", "Tokens of prefill; 0 for no such test.", 0, 512, "-p");
    private readonly Option<int[]?> _generates = TokenList.NumbersOption("--n-gen", "Tokens of decode; 0 for no such test.", 0, 128, "-n");
    private readonly Option<int[]?> _depths = TokenList.NumbersOption("--n-depth", "Tokens in the KV cache before.", 0, 0, "-d");
    private readonly Option<int[]?> _batches = TokenList.NumbersOption("--batch", "Sequences that decode side by side.", 1, 1, "-b");
    private readonly Option<int[]?> _repeats = TokenList.NumbersOption("--repetitions", "How often each test is timed.", 1, 5, "-r");

    private readonly Option<bool> _ablation = new("--ablation")
    {
        Description = "Measures with each technique of FlashDecoding++ off and on; --n-depth gives the contexts (default 1024, 8192, 32768), --batch the batches (1, 2, 4, 8).",
    };

    private readonly Option<bool> _profile = new("--profile")
    {
        Description = "Times each dispatch of the tests' passes instead, by GPU time stamps.",
    };

    private readonly Option<string?> _plot = new("--plot") { Description = "With --profile: draws the times into a PNG file." };

    private readonly Option<bool> _stats =
        new("--stats") { Description = "Reports how many softmax rows were computed, and how many of them anew." };

    public BenchCommand(CliConsole console)
        : base("bench", "Measures prefill (pp) and decode (tg), and checks the result.", console)
    {
        _synthetic = new SyntheticOptions(this, _layers);
        Options.Add(_prompts);
        Options.Add(_generates);
        Options.Add(_depths);
        Options.Add(_batches);
        Options.Add(_repeats);
        Options.Add(_stats);
        Options.Add(_ablation);
        Options.Add(_profile);
        Options.Add(_plot);
        AddModelOptions();
        Subcommands.Add(new BenchServeCommand(console));
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        Check(call.Parse);
        if (call.Parse.GetValue(_ablation))
        {
            await RunAblationAsync(call, cancellationToken).ConfigureAwait(false);
            return;
        }

        IReadOnlyList<BenchTest> tests = BenchTest.Plan(
            call.Parse.GetValue(_prompts)!, call.Parse.GetValue(_generates)!, call.Parse.GetValue(_depths)!,
            call.Parse.GetValue(_batches)!);
        if (call.Parse.GetValue(_profile))
        {
            await RunProfileAsync(call, tests, cancellationToken).ConfigureAwait(false);
            return;
        }

        int positions = tests.Max(test => test.Positions);
        using Model model = await LoadAsync(call, Math.Max(positions, BenchCheck.Positions), cancellationToken).ConfigureAwait(false);
        var runner = new BenchRunner(model, call.Parse.GetValue(_repeats)![0], Seed);
        (IReadOnlyList<BenchResult> results, BenchCheck check) = await ProgressDisplay.RunAsync(
            Console, "Measuring",
            progress => Task.Run(() => Measure(runner, model, tests, progress, cancellationToken), cancellationToken)).ConfigureAwait(
                false);
        SoftmaxStatsDocument? stats = call.Parse.GetValue(_stats) ? SoftmaxStatsDocument.Of(runner.Stats) : null;
        if (call.Json)
        {
            call.WriteJson(Document(model, results, check, stats), CliJsonContext.Readable.BenchDocument);
        }
        else
        {
            Write(model, results, check);
            if (stats is not null)
            {
                Console.Out.WriteLine(SoftmaxText.Of(stats));
            }
        }

        if (!check.IsOk)
        {
            throw new CliException(check.Line);
        }
    }

    private async Task RunAblationAsync(CliCall call, CancellationToken cancellationToken)
    {
        int[] contexts = call.Parse.GetResult(_depths) is { Implicit: false } ? call.Parse.GetValue(_depths)! : [1024, 8192, 32768];
        int[] batches = call.Parse.GetResult(_batches) is { Implicit: false } ? call.Parse.GetValue(_batches)! : [1, 2, 4, 8];
        int repeats = call.Parse.GetResult(_repeats) is { Implicit: false } ? call.Parse.GetValue(_repeats)![0] : 2;
        int prompt = Math.Max(1, call.Parse.GetValue(_prompts)![0]);
        using Model model =
            await LoadAsync(call, contexts.Max(context => Ablation.Positions(context, prompt)), cancellationToken).ConfigureAwait(false);
        var ablation = new Ablation(model, repeats, prompt, Seed);
        AblationRow[] rows = await ProgressDisplay.RunAsync(Console, "Measuring", progress => Task.Run(
            () =>
            {
                var done = new List<AblationRow>();
                foreach (AblationRow row in ablation.Run(contexts, batches, cancellationToken))
                {
                    done.Add(row);
                    progress.Report(done.Count, contexts.Length * (batches.Length + 1));
                }

                return done.ToArray();
            },
            cancellationToken)).ConfigureAwait(false);
        if (call.Json)
        {
            call.WriteJson(
                new AblationDocument(
                    model.Device.Name, model.Driver(), model.Name, [.. AblationVariant.All.Select(variant => variant.Name)], rows),
                CliJsonContext.Readable.AblationDocument);
            return;
        }

        Console.Out.WriteLine($"{model.Device.Name}, {model.Driver()}; {model.Name}, tokens per second");
        var table = new TextTable([" context", "work", .. AblationVariant.All.Select(variant => " " + variant.Name)]);
        foreach (AblationRow row in rows)
        {
            table.Add(
            [
                Number(row.Context, "F0"), row.Batch == 0 ? $"prefill {prompt}" : $"decode, batch {row.Batch}",
                .. row.TokensPerSecond.Select(rate => rate is { } value ? Number(value, "F1") : "no room"),
            ]);
        }

        table.Write(Console.Out);
    }

    private async Task RunProfileAsync(CliCall call, IReadOnlyList<BenchTest> tests, CancellationToken cancellationToken)
    {
        int repeats = call.Parse.GetValue(_repeats)![0];
        int positions = tests.Max(test => DispatchProfiler.Positions(test, repeats));
        using Model model = await LoadAsync(call, positions, cancellationToken).ConfigureAwait(false);
        ProfileResult[] results = await ProgressDisplay.RunAsync(Console, "Measuring", progress => Task.Run(
            () =>
            {
                var profiler = new DispatchProfiler(model, repeats, Seed);
                var done = new List<ProfileResult>(tests.Count);
                foreach (BenchTest test in tests)
                {
                    progress.Report(test.Name, done.Count, tests.Count);
                    done.Add(profiler.Run(test, cancellationToken));
                }

                return done.ToArray();
            },
            cancellationToken)).ConfigureAwait(false);
        if (call.Parse.GetValue(_plot) is { } plot)
        {
            ProfilePlot.Save(plot, model.Device.Name, results);
        }

        if (call.Json)
        {
            call.WriteJson(
                new ProfileDocument(model.Device.Name, model.Driver(), model.Name, results), CliJsonContext.Readable.ProfileDocument);
            return;
        }

        Console.Out.WriteLine($"{model.Device.Name}, {model.Driver()}; {model.Name}");
        ProfileText.Write(Console.Out, results);
    }

    private static (IReadOnlyList<BenchResult> Results, BenchCheck Check) Measure(
        BenchRunner runner, Model model, IReadOnlyList<BenchTest> tests, ProgressReport progress, CancellationToken cancellationToken)
    {
        var results = new List<BenchResult>(tests.Count);
        foreach (BenchTest test in tests)
        {
            progress.Report(test.Name, results.Count, tests.Count);
            results.Add(runner.Run(test, cancellationToken));
        }

        return (results, BenchCheck.Run(model, results, Seed, cancellationToken));
    }

    private Task<Model> LoadAsync(CliCall call, int positions, CancellationToken cancellationToken) => _synthetic.LoadAsync(
        call, Console, call.ModelOptions with { ContextLength = call.Options.ContextLength ?? positions }, call.Parse.GetValue(_layers),
        cancellationToken);

    private void Check(ParseResult parse)
    {
        _synthetic.Check(parse);
        if (parse.GetValue(_repeats)! is not [<= MaxRepeats])
        {
            throw CliException.Usage($"-r takes one whole number from 1 to {MaxRepeats}");
        }

        if (parse.GetValue(_prompts)!.Concat(parse.GetValue(_generates)!).All(count => count == 0))
        {
            throw CliException.Usage("-p and -n are both 0: nothing to measure");
        }

        if (parse.GetValue(_plot) is not null && !parse.GetValue(_profile))
        {
            throw CliException.Usage("--plot draws what --profile measures: give both");
        }

        if (parse.GetValue(_profile) && (parse.GetValue(_ablation) || parse.GetValue(_stats)))
        {
            throw CliException.Usage("--profile measures by itself: without --ablation and --stats");
        }

        OutputFile.RequireWritable(parse.GetValue(_plot));
    }

    private static BenchDocument Document(
        Model model, IReadOnlyList<BenchResult> results, BenchCheck check, SoftmaxStatsDocument? stats) => new(
        model.Device.Name, model.Driver(), model.Name,
        [.. results.Select(result => new BenchResultDocument(
            result.Test.Name, result.TokensPerSecond, result.StandardDeviation, result.GpuMilliseconds, result.WallMilliseconds,
            result.Seconds.Count))],
        new BenchCheckDocument(
            check.IsOk, double.IsFinite(check.Nmse) ? check.Nmse : null, BenchCheck.Bound, check.IsFinite, check.IsRepeatable),
        stats);

    private void Write(Model model, IReadOnlyList<BenchResult> results, BenchCheck check)
    {
        Console.Out.WriteLine($"{model.Device.Name}, {model.Driver()}");
        var table = new TextTable("model", " size MiB", " test", " t/s", " GPU ms", " wall ms");
        foreach (BenchResult result in results)
        {
            table.Add(
                model.Name, Number(model.WeightBytes / (double)(1 << 20), "F1"), result.Test.Name,
                $"{Number(result.TokensPerSecond, "F2")} ± {Number(result.StandardDeviation, "F2")}",
                result.GpuMilliseconds is { } gpu ? Number(gpu, "F2") : "-", Number(result.WallMilliseconds, "F2"));
        }

        table.Write(Console.Out);
        if (check.IsOk)
        {
            Console.Out.WriteLine(check.Line);
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
