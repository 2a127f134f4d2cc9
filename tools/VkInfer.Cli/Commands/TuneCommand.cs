using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Output;
using VkInfer.Kernels;

namespace VkInfer.Cli.Commands;

/// <summary>Measures the implementations of a model's linear layers on a device, or shows what was measured.</summary>
internal sealed class TuneCommand : CliCommand
{
    private const int MostSeconds = 3600;

    private readonly SyntheticOptions _synthetic;
    private readonly Option<int> _budget =
        new("--budget") { Description = "About how many seconds it may take.", DefaultValueFactory = _ => 60 };
    private readonly Option<bool> _show = new("--show") { Description = "Measures nothing and shows what was measured for the model." };

    private readonly Option<string?> _plot = new("--plot") { Description = "Draws the times over M into a PNG file." };

    public TuneCommand(CliConsole console)
        : base("tune", "Measures the products of a model's linear layers and writes a table that loading a model looks up.", console)
    {
        _synthetic = new SyntheticOptions(this);
        Options.Add(_budget);
        Options.Add(_show);
        Options.Add(_plot);
        AddModelOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        int budget = call.Parse.GetValue(_budget);
        if (budget is < 1 or > MostSeconds)
        {
            throw CliException.Usage($"--budget takes a whole number of seconds from 1 to {MostSeconds}");
        }

        _synthetic.Check(call.Parse);
        OutputFile.RequireWritable(call.Parse.GetValue(_plot));
        using Model model = await LoadAsync(call, cancellationToken).ConfigureAwait(false);
        if (call.Parse.GetValue(_show))
        {
            LinearTuning known = model.ReadLinearTuning()
                ?? throw new CliException($"nothing was measured on {model.Device.Name}; tune first");
            Report(call, null, known);
            return;
        }

        LinearTuning tuning = await ProgressDisplay.RunAsync(Console, "Measuring", progress => Task.Run(
            () => model.TuneLinear(TimeSpan.FromSeconds(budget), progress.ForLoading(), cancellationToken), cancellationToken))
                .ConfigureAwait(false);
        Report(call, model.SaveLinearTuning(tuning), tuning);
    }

    // Nothing is generated: a cache of a shape's whole context would only take room.
    private Task<Model> LoadAsync(CliCall call, CancellationToken cancellationToken) => _synthetic.LoadAsync(
        call, Console,
        _synthetic.IsGiven(call.Parse)
            ? call.ModelOptions with { ContextLength = call.Options.ContextLength ?? 64 }
            : call.ModelOptions,
        layers: null, cancellationToken);

    private void Report(CliCall call, string? file, LinearTuning tuning)
    {
        string? plot = call.Parse.GetValue(_plot);
        if (plot is not null)
        {
            LinearPlot.Save(plot, tuning);
        }

        if (call.Json)
        {
            call.WriteJson(new TuneDocument(file, tuning, tuning.Problems), CliJsonContext.Readable.TuneDocument);
            return;
        }

        Console.Out.WriteLine($"{tuning.Device}, {tuning.DriverName} {tuning.DriverVersion}");
        foreach (LinearTable table in tuning.Tables)
        {
            Write(table);
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Measured again, a choice took at most {100 * tuning.WorstExcess:F1} % longer than the best of any form."));
        foreach (string problem in tuning.Problems)
        {
            Console.Error.WriteLine($"vkinfer: warning: {problem}");
        }

        if (file is not null)
        {
            Console.Out.WriteLine($"Written to {file}");
        }

        if (plot is not null)
        {
            Console.Out.WriteLine($"Drawn into {plot}");
        }
    }

    private void Write(LinearTable table)
    {
        Console.Out.WriteLine();
        Console.Out.WriteLine(
            $"{table.Type} [{table.Rows}, {table.Columns}]: gemv up to M1 = {table.LastGemv}, flat up to M2 = {table.LastFlat}; "
            + $"fused gemv {Number(table.Gemv.Microseconds)} µs ({table.Gemv.Tiling})");
        var rows = new TextTable(" M", " gemv µs", " flat µs", " tiled µs", "chosen");
        foreach (LinearPoint point in table.Points)
        {
            string Time(LinearForm form) =>
                point.Times.FirstOrDefault(time => time.Form == form) is { } time ? Number(time.Microseconds) : "-";
            rows.Add(
                point.M.ToString(CultureInfo.InvariantCulture), Time(LinearForm.Gemv), Time(LinearForm.Flat), Time(LinearForm.Tiled),
                point.Best.Tiling);
        }

        rows.Write(Console.Out);
    }

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
}
