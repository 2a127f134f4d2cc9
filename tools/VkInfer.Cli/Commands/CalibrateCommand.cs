using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Chooses how a model's attention accumulates its softmax, from a text.</summary>
internal sealed class CalibrateCommand : CliCommand
{
    private readonly Option<string> _file =
        new("--file") { Description = "A text of the kind the model is used for, in UTF-8.", Required = true };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Shows what would be chosen and writes nothing." };

    public CalibrateCommand(CliConsole console)
        : base("calibrate", "Measures a model's attention scores on a text and chooses the softmax of each layer.", console)
    {
        Options.Add(_file);
        Options.Add(_dryRun);
        AddModelOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        string path = call.Parse.GetRequiredValue(_file);
        string text = await TextFile.ReadAsync(path, cancellationToken).ConfigureAwait(false);
        using Model model = await call.LoadModelAsync(cancellationToken).ConfigureAwait(false);
        int[] tokens = model.Tokenizer.Encode(text);
        if (tokens.Length < 2)
        {
            throw new CliException($"{path}: {tokens.Length} tokens; give a text of some pages");
        }

        SoftmaxCalibration calibration = await ProgressDisplay.RunAsync(Console, "Calibrating", _ => Task.Run(
            () => model.CalibrateSoftmax(tokens, cancellationToken), cancellationToken)).ConfigureAwait(false);
        string? file = call.Parse.GetValue(_dryRun) ? null : Model.SaveSoftmaxCalibration(calibration);
        if (call.Json)
        {
            call.WriteJson(new CalibrateDocument(file, calibration), CliJsonContext.Readable.CalibrateDocument);
            return;
        }

        Write(calibration);
        Console.Out.WriteLine(file is null ? "Nothing was written." : $"Written to {file}");
    }

    private void Write(SoftmaxCalibration calibration)
    {
        Console.Out.WriteLine($"{calibration.Tokens} tokens");
        var table = new TextTable(
            " layer", " min", " 0.01 %", " 50 %", " 99.99 %", " max", " φ", " φ+a", " φ+b", "decode", "prefill", " rate", " rate16");
        for (int i = 0; i < calibration.Layers.Count; i++)
        {
            LayerCalibration layer = calibration.Layers[i];
            table.Add(
                Number(i), Number(layer.Minimum), Number(layer.Quantiles[0]), Number(layer.Quantiles[2]), Number(layer.Quantiles[4]),
                Number(layer.Maximum), Number(layer.Phi), Number(layer.Lower), Number(layer.Upper), layer.Decode.ToString(),
                layer.Prefill.ToString(), Percent(layer.DecodeRate), Percent(layer.PrefillRate));
        }

        table.Write(Console.Out);
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Percent(double rate) => (100 * rate).ToString("0.## '%'", CultureInfo.InvariantCulture);
}
