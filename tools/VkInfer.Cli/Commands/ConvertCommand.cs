using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Formats;

namespace VkInfer.Cli.Commands;

/// <summary>Writes a model as a GGUF file; needs no device.</summary>
internal sealed class ConvertCommand : CliCommand
{
    private readonly Argument<string> _input =
        new("in") { Description = "A GGUF file, any part of a split one, a Hugging Face folder, or a name like hf:owner/repo." };
    private readonly Argument<string> _output = new("out") { Description = "The GGUF file to write." };
    private readonly Option<string?> _quantize = new("--quantize")
    {
        Description = $"What matrices become: {string.Join(", ", ModelConverter.SupportedTypes)}. Without it they stay as they are.",
        HelpName = "type",
    };

    public ConvertCommand(CliConsole console)
        : base("convert", "Writes a model as a GGUF file that llama.cpp loads: {\"model\":…,\"file\":…,\"fileBytes\":…}.", console)
    {
        Arguments.Add(_input);
        Arguments.Add(_output);
        Options.Add(_quantize);
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        string input = await call.FindModelAsync(call.Parse.GetRequiredValue(_input), cancellationToken).ConfigureAwait(false);
        string output = call.Parse.GetRequiredValue(_output);
        GgufTensorType? type = call.Parse.GetValue(_quantize) is { } text ? TypeOf(text) : null;
        await ProgressDisplay.RunAsync(Console, "Converting", async progress =>
        {
            await Task.Run(() => ModelConverter.Convert(input, output, type, progress.ForLoading(), cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        var document = new ConvertDocument(input, output, new FileInfo(output).Length);
        call.WriteJson(document, CliJsonContext.Readable.ConvertDocument);
    }

    private static GgufTensorType TypeOf(string text)
    {
        foreach (GgufTensorType type in ModelConverter.SupportedTypes)
        {
            if (text.Equals(type.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return type;
            }
        }

        throw CliException.Usage($"--quantize: \"{text}\" is not one of {string.Join(", ", ModelConverter.SupportedTypes)}");
    }
}
