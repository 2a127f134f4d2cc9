using System.CommandLine;
using VkInfer.Cli.Output;
using VkInfer.Tokenization;

namespace VkInfer.Cli.Commands;

/// <summary>Turns text into token ids; needs no device.</summary>
internal sealed class TokenizeCommand : CliCommand
{
    private readonly Option<string?> _text = new("--text") { Description = "The text." };
    private readonly Option<string?> _file = new("--file") { Description = "A file with the text, in UTF-8." };
    private readonly Option<bool> _special = new("--special")
    {
        Description = "Adds the tokens that the model wants around a text (BOS, EOS), and recognises control tokens in it.",
    };

    public TokenizeCommand(CliConsole console)
        : base("tokenize", "Turns text into token ids: {\"ids\":[…]}.", console)
    {
        Options.Add(_text);
        Options.Add(_file);
        Options.Add(_special);
        AddSettings(nameof(VkInferOptions.Model));
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        if ((call.Parse.GetResult(_text) is null) == (call.Parse.GetResult(_file) is null))
        {
            throw CliException.Usage("tokenize takes either --text or --file");
        }

        string text = call.Parse.GetValue(_text)
            ?? await TextFile.ReadAsync(call.Parse.GetValue(_file)!, cancellationToken).ConfigureAwait(false);
        bool special = call.Parse.GetValue(_special);
        Tokenizer tokenizer = TokenizerFile.Load(await call.FindModelAsync(cancellationToken).ConfigureAwait(false));
        call.WriteJson(
            new TokenizeDocument(tokenizer.Encode(text, addSpecial: special, parseSpecial: special)),
            CliJsonContext.Readable.TokenizeDocument);
    }
}
