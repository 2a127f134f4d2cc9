using System.Text.Json;

namespace VkInfer;

/// <summary>Which models are there as a whole, in a folder laid out as Hugging Face's cache.</summary>
internal static class StoreCatalog
{
    /// <summary>All of them, by repository and commit.</summary>
    public static IReadOnlyList<StoredModel> List(string root)
    {
        var models = new List<StoredModel>();
        foreach (StoreFolder folder in StoreFolder.All(root))
        {
            ILookup<string, string> revisions = folder.Revisions();
            foreach (string commit in folder.Commits())
            {
                string revision = revisions[commit].FirstOrDefault() ?? commit;
                if (ModelName.TryCreate(folder.Name.Owner, folder.Name.Repository, revision) is { } name)
                {
                    AddModels(folder, commit, name, models);
                }
            }
        }

        return models;
    }

    /// <summary>Whether a folder has all of its weights, and a tokenizer: the download of it may have ended between files.</summary>
    public static bool IsComplete(StoreFolder folder, string commit, FileSelection selection)
    {
        if (!selection.Files.Contains("tokenizer.json") && !selection.Files.Contains("tokenizer.model"))
        {
            return false;
        }

        const string index = "model.safetensors.index.json";
        if (!selection.Files.Contains(index))
        {
            return selection.Files.Contains("model.safetensors");
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(folder.FilePath(commit, index)));
            return json.RootElement.GetProperty("weight_map").EnumerateObject()
                .All(tensor => selection.Files.Contains(tensor.Value.GetString() ?? ""));
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    private static void AddModels(StoreFolder folder, string commit, ModelName name, List<StoredModel> models)
    {
        IReadOnlyList<string> files = folder.Files(commit);
        List<FileSelection> found = FileSelection.Ggufs(files);
        foreach (FileSelection gguf in found)
        {
            models.Add(Describe(name.WithFile(gguf.Entry), gguf));
        }

        if (found.Count == 0)
        {
            try
            {
                var selection = FileSelection.Of(name, files);
                if (IsComplete(folder, commit, selection))
                {
                    models.Add(Describe(name, selection));
                }
            }
            catch (ModelStoreException)
            {
                // No model: a tokenizer alone, or files of other tools.
            }
        }

        StoredModel Describe(ModelName of, FileSelection selection) => new(
            of, commit, folder.PathOf(commit, selection),
            selection.Files.Sum(path => Formats.RegularFile.FindLength(folder.FilePath(commit, path))));
    }
}
