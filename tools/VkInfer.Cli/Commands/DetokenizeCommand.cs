using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Tokenization;

namespace VkInfer.Cli.Commands;

/// <summary>Turns token ids into text; needs no device.</summary>
internal sealed class DetokenizeCommand : CliCommand
{
    private readonly Option<int[]?> _ids = TokenList.IdsOption("--ids", required: true);
    private readonly Option<bool> _special = new("--special") { Description = "Shows control tokens as their texts." };

    public DetokenizeCommand(CliConsole console)
        : base("detokenize", "Turns token ids into text.", console)
    {
        Options.Add(_ids);
        Options.Add(_special);
        AddSettings(nameof(VkInferOptions.Model));
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        Tokenizer tokenizer = TokenizerFile.Load(await call.FindModelAsync(cancellationToken).ConfigureAwait(false));
        string text = tokenizer.Decode(call.Parse.GetValue(_ids), skipSpecial: !call.Parse.GetValue(_special));
        if (call.Json)
        {
            call.WriteJson(new DetokenizeDocument(text), CliJsonContext.Readable.DetokenizeDocument);
        }
        else
        {
            Console.Out.WriteLine(text);
        }
    }
}
