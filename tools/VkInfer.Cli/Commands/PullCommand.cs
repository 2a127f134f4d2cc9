using System.CommandLine;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Downloads a model into the store; needs no device.</summary>
internal sealed class PullCommand : CliCommand
{
    private readonly Argument<string> _name = new("NAME") { Description = "The model: hf:owner/repo[@revision][:file or quantisation]." };

    public PullCommand(CliConsole console)
        : base("pull", "Downloads a model, or brings it up to date; one that was cancelled goes on: {\"name\":…,\"path\":…}.", console) =>
        Arguments.Add(_name);

    protected override async Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        ModelName name = CliCall.NameOf(call.Parse.GetRequiredValue(_name));
        using var store = new ModelStore();
        string path = await ProgressDisplay.RunAsync(
            Console, "Downloading", progress => store.PullAsync(name, progress.ForLoading(), cancellationToken)).ConfigureAwait(false);
        if (call.Json)
        {
            call.WriteJson(new PullDocument(name.ToString(), path), CliJsonContext.Readable.PullDocument);
        }
        else
        {
            Console.Out.WriteLine(path);
        }
    }
}
