using System.CommandLine;
using System.Globalization;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Shows what a model file holds and how much memory it needs, without a device.</summary>
internal sealed class InspectCommand : CliCommand
{
    private const double Mebibyte = 1 << 20;

    private readonly Argument<string?> _file = new("MODEL")
    {
        Description = "A GGUF file, a Hugging Face folder, or a name like hf:owner/repo; without it the embedded model.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public InspectCommand(CliConsole console)
        : base("inspect", "Shows a model's metadata, tensors and the memory it needs.", console)
    {
        Arguments.Add(_file);
        AddModelOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        string path = call.Parse.GetValue(_file) is { } file
            ? await call.FindModelAsync(file, cancellationToken).ConfigureAwait(false)
            : await call.FindModelAsync(cancellationToken).ConfigureAwait(false);
        ModelInspection model = ModelInspection.Inspect(path, call.ModelOptions);
        if (call.Json)
        {
            call.WriteJson(Document(model), CliJsonContext.Readable.InspectDocument);
        }
        else
        {
            Write(call, model);
        }
    }

    private static InspectDocument Document(ModelInspection model) => new(
        model.Path, model.Name, model.FileBytes, model.Config is { } config ? Document(config) : null,
        model.Memory is { } memory ? new MemoryDocument(memory.WeightBytes, memory.KvCacheBytes, memory.ScratchBytes, memory.Total) : null,
        SoftmaxDocument.Of(model.Softmax), model.Unsupported, model.Metadata.ToDictionary(),
        [.. model.Tensors.Select(tensor => new TensorDocument(tensor.Name, tensor.Type, tensor.Dimensions, tensor.Bytes))]);

    private static ConfigDocument Document(ModelConfig config) => new(
        config.Architecture, config.VocabSize, config.HiddenSize, config.IntermediateSize, config.NumLayers, config.NumHeads,
        config.NumKvHeads, config.HeadDim, config.RotaryDim, config.RopePairing.ToString(), config.RopeTheta, config.NormEps,
        config.MaxContextLength);

    private void Write(CliCall call, ModelInspection model)
    {
        Console.Out.WriteLine($"{ErrorReport.OneLine(model.Name)} ({model.Path}, {Mebibytes(model.FileBytes)} MiB)");
        if (model.Unsupported is { } reason)
        {
            Console.Out.WriteLine($"Does not run here: {ErrorReport.OneLine(reason)}");
        }

        if (model.Memory is { } memory)
        {
            Console.Out.WriteLine(
                $"Device memory for one session: {Mebibytes(memory.Total)} MiB (weights {Mebibytes(memory.WeightBytes)}, "
                + $"KV cache {Mebibytes(memory.KvCacheBytes)}, scratch {Mebibytes(memory.ScratchBytes)})");
        }

        if (model.Softmax is { } softmax)
        {
            Console.Out.WriteLine($"Softmax: {SoftmaxText.Of(softmax)}");
        }

        Console.Out.WriteLine();
        var metadata = new TextTable("key", "value");
        foreach ((string key, string value) in model.Metadata)
        {
            metadata.Add(ErrorReport.OneLine(key), ErrorReport.OneLine(value));
        }

        metadata.Write(Console.Out);
        Console.Out.WriteLine();
        var tensors = new TextTable("tensor", "type", " dimensions", " bytes");
        foreach (TensorSummary tensor in model.Tensors)
        {
            tensors.Add(
                ErrorReport.OneLine(tensor.Name), tensor.Type, string.Join(" × ", tensor.Dimensions),
                tensor.Bytes.ToString(CultureInfo.InvariantCulture));
        }

        tensors.Write(Console.Out);
    }

    private static string Mebibytes(long bytes) => (bytes / Mebibyte).ToString("F1", CultureInfo.InvariantCulture);
}
