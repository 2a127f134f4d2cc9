using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using VkInfer.Cli.Output;

namespace VkInfer.Cli;

/// <summary>One call of a command.</summary>
/// <param name="Parse">The parsed command line.</param>
/// <param name="Console">The streams.</param>
/// <param name="Options">File, environment and command line together.</param>
/// <param name="Research">In which ways the model is computed, likewise.</param>
/// <param name="Json">Whether the result is one JSON document.</param>
/// <param name="Verbose">Whether more messages are wanted.</param>
internal sealed record CliCall(
    ParseResult Parse, CliConsole Console, VkInferOptions Options, ResearchOptions Research, bool Json, bool Verbose)
{
    /// <summary>How the model is loaded, with messages to standard error.</summary>
    public ModelOptions ModelOptions => Options.WithLogger(new ErrorLogger(Console.Error, Verbose)).WithResearch(Research);

    /// <summary>Writes a JSON document as one line of standard output.</summary>
    public void WriteJson<T>(T document, JsonTypeInfo<T> type) => Console.Out.WriteLine(JsonSerializer.Serialize(document, type));

    /// <summary>Loads the model that the options name, or the embedded one, with a progress bar.</summary>
    public Task<Model> LoadModelAsync(CancellationToken cancellationToken) => LoadModelAsync(ModelOptions, cancellationToken);

    /// <summary>Loads the model that the options name, or the embedded one, with a progress bar.</summary>
    public async Task<Model> LoadModelAsync(ModelOptions modelOptions, CancellationToken cancellationToken)
    {
        string path = await FindModelAsync(cancellationToken).ConfigureAwait(false);
        return await ProgressDisplay.RunAsync(
            Console, "Loading",
            progress => Task.Run(() => Model.Load(path, modelOptions, progress.ForLoading(), cancellationToken), cancellationToken))
            .ConfigureAwait(false);
    }

    /// <summary>Reads the name of a model.</summary>
    /// <exception cref="CliException">It is none: the command line is wrong.</exception>
    public static ModelName NameOf(string text)
    {
        try
        {
            return ModelName.Parse(text);
        }
        catch (ArgumentException problem)
        {
            throw CliException.Usage(ErrorReport.WithoutParameter(problem.Message));
        }
    }

    /// <summary>Path of the model that the options name, or of the embedded one.</summary>
    public Task<string> FindModelAsync(CancellationToken cancellationToken) =>
        FindModelAsync(Options.Model ?? Model.DefaultModelPath, cancellationToken);

    /// <summary>Path of a model: the text itself, or where the store has what it names, which is downloaded if need be.</summary>
    public async Task<string> FindModelAsync(string pathOrName, CancellationToken cancellationToken)
    {
        if (!ModelName.IsName(pathOrName))
        {
            return pathOrName;
        }

        ModelName name = NameOf(pathOrName);
        using var store = new ModelStore();
        return store.Find(name) ?? await ProgressDisplay.RunAsync(
            Console, "Downloading", progress => store.GetAsync(name, progress.ForLoading(), cancellationToken)).ConfigureAwait(false);
    }
}
