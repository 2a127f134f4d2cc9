using System.Globalization;
using VkInfer.Cli.Output;

namespace VkInfer.Cli.Commands;

/// <summary>Shows the models in the store; needs no device and no network.</summary>
internal sealed class ListCommand(CliConsole console) : CliCommand("list", "Lists the models that were downloaded.", console)
{
    private const double Mebibyte = 1 << 20;

    // What a commit is known by, as git shortens it.
    private const int CommitDigits = 8;

    protected override Task RunAsync(CliCall call, CancellationToken cancellationToken)
    {
        using var store = new ModelStore();
        IReadOnlyList<StoredModel> models = store.List();
        if (call.Json)
        {
            StoredModelDocument[] documents =
                [.. models.Select(model => new StoredModelDocument(model.Name.ToString(), model.Commit, model.Path, model.Bytes))];
            call.WriteJson(new ListDocument(store.Options.Folder, documents), CliJsonContext.Readable.ListDocument);
            return Task.CompletedTask;
        }

        var table = new TextTable("model", " MiB", "commit");
        foreach (StoredModel model in models)
        {
            table.Add(
                model.Name.ToString(), (model.Bytes / Mebibyte).ToString("F1", CultureInfo.InvariantCulture), model.Commit[..CommitDigits]);
        }

        table.Write(Console.Out);
        return Task.CompletedTask;
    }
}
