using System.CommandLine;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Deletes a model from the store; needs no device and no network.</summary>
internal sealed class RemoveCommand : CliCommand
{
    private readonly Argument<string> _name = new("NAME")
    {
        Description = "The model: hf:owner/repo with all of its files, or hf:owner/repo:file.",
    };

    public RemoveCommand(CliConsole console)
        : base("rm", "Deletes a model that was downloaded: {\"name\":…,\"bytes\":…}.", console) =>
        Arguments.Add(_name);

    protected override Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        ModelName name = CliCall.NameOf(call.Parse.GetRequiredValue(_name));
        using var store = new ModelStore();
        var document = new RemoveDocument(name.ToString(), store.Remove(name));
        if (call.Json)
        {
            call.WriteJson(document, CliJsonContext.Readable.RemoveDocument);
        }
        else
        {
            Console.Out.WriteLine($"{document.Name}: {document.Bytes} bytes are free");
        }

        return Task.CompletedTask;
    }
}
