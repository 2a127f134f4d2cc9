using System.Buffers.Binary;
using System.CommandLine;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Writes the logits after each of the given tokens.</summary>
internal sealed class LogitsCommand : CliCommand
{
    private readonly Option<int[]?> _tokens = TokenList.IdsOption("--tokens", required: true);
    private readonly Option<string> _out = new("--out")
    {
        Description = "The file to write: little-endian float32, one row of VocabSize per token.",
        Required = true,
    };

    public LogitsCommand(CliConsole console)
        : base("logits", "Writes the logits after each of the given tokens to a file.", console)
    {
        Options.Add(_tokens);
        Options.Add(_out);
        AddModelOptions();
    }

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        int[] tokens = call.Parse.GetValue(_tokens)!;
        string path = call.Parse.GetRequiredValue(_out);
        OutputFile.RequireWritable(path);
        using Model model = await call.LoadModelAsync(cancellationToken).ConfigureAwait(false);
        using Session session = model.CreateSession();
        session.Model.CheckTokens(tokens);
        await ProgressDisplay.RunAsync(Console, "Computing", progress => Task.Run(
            () => Write(session, tokens, path, progress, cancellationToken), cancellationToken)).ConfigureAwait(false);
        if (call.Json)
        {
            call.WriteJson(new LogitsDocument(path, tokens.Length, model.Config.VocabSize), CliJsonContext.Readable.LogitsDocument);
        }
    }

    private static int Write(Session session, int[] tokens, string path, ProgressReport progress, CancellationToken cancellationToken)
    {
        using FileStream file = File.Create(path);
        byte[] bytes = new byte[session.Model.Config.VocabSize * sizeof(float)];
        session.ComputeLogits(
            tokens,
            (index, logits) =>
            {
                for (int i = 0; i < logits.Length; i++)
                {
                    BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), logits[i]);
                }

                file.Write(bytes);
                progress.Report(index + 1, tokens.Length);
            },
            cancellationToken);
        return tokens.Length;
    }
}
