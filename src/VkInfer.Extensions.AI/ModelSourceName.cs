namespace VkInfer.Extensions.AI;

/// <summary>What <see cref="VkInferOptions.Model"/> may be: a path, or a name in the store.</summary>
internal static class ModelSourceName
{
    /// <summary>What the model is called before it is loaded: the name itself, or the file's name.</summary>
    public static string IdOf(string name)
    {
        if (ModelName.IsName(name))
        {
            return name;
        }

        string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(name));
        return file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? Path.GetFileNameWithoutExtension(file) : file;
    }

    /// <summary>The path of a model; one that is named is downloaded first, unless the store has it.</summary>
    public static async Task<string> ResolveAsync(
        string name, ModelStore? store, IProgress<LoadProgress> progress, CancellationToken cancellationToken)
    {
        if (!ModelName.IsName(name))
        {
            return name;
        }

        using ModelStore? own = store is null ? new ModelStore() : null;
        return await (store ?? own!).GetAsync(ModelName.Parse(name), progress, cancellationToken).ConfigureAwait(false);
    }
}
