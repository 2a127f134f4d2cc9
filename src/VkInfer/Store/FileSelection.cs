using System.Text.RegularExpressions;

namespace VkInfer;

/// <summary>Which files of a repository make up a model.</summary>
/// <param name="Entry">What is loaded: a GGUF file's path, the first part of a split one, or null for the folder.</param>
/// <param name="Files">All files that are needed.</param>
internal sealed partial record FileSelection(string? Entry, IReadOnlyList<string> Files)
{
    // What other runtimes take where nothing is said comes first.
    private static readonly string[] Preferred = ["Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q6_K", "Q8_0", "F16", "BF16"];

    private static readonly string[] Companions =
    [
        "config.json", "generation_config.json", "model.safetensors.index.json", "tokenizer.json", "tokenizer.model",
        "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja",
        "chat_template.json",
    ];

    /// <summary>Whether it is the first of what is customary: whatever else a repository may have, it is taken.</summary>
    public bool IsFirstChoice => Entry is { } entry && HasTag(entry, Preferred[0]);

    /// <summary>Chooses; the files may be a hub's or a folder's.</summary>
    /// <exception cref="ModelStoreException">Nothing fits, or more than one thing does; the message lists what there is.</exception>
    public static FileSelection Of(ModelName name, IReadOnlyCollection<string> files)
    {
        List<FileSelection> models = Ggufs(files);
        if (name.File is { } file)
        {
            List<FileSelection> fitting = file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
                ? models.FindAll(model => model.Files.Contains(file))
                : models.FindAll(model => HasTag(model.Entry!, file));
            return fitting switch
            {
                [FileSelection only] => only,
                [] => throw new ModelStoreException($"{name}: there is no such GGUF file; there are {Names(models)}"),
                _ => throw new ModelStoreException($"{name}: more than one file fits; name one of {Names(fitting)}"),
            };
        }

        if (models.Count == 0)
        {
            return Folder(name, files);
        }

        foreach (string tag in Preferred)
        {
            if (models.Count > 1 && models.FindAll(model => HasTag(model.Entry!, tag)) is [FileSelection customary])
            {
                return customary;
            }
        }

        return models is [FileSelection single]
            ? single
            : throw new ModelStoreException($"{name}: there are several GGUF files; name one of {Names(models)}");
    }

    /// <summary>The GGUF models among files: each a file or the parts of a split one that are all there.</summary>
    public static List<FileSelection> Ggufs(IReadOnlyCollection<string> files)
    {
        var models = new List<FileSelection>();
        var all = new HashSet<string>(files, StringComparer.Ordinal);
        foreach (string path in files.Order(StringComparer.Ordinal))
        {
            if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || IsNoModel(path))
            {
                continue;
            }

            if (Part().Match(path) is not { Success: true } part)
            {
                models.Add(new FileSelection(path, [path]));
            }
            else if (int.Parse(part.Groups["number"].ValueSpan, null) == 1)
            {
                string[] parts = [.. Enumerable.Range(1, int.Parse(part.Groups["count"].ValueSpan, null))
                    .Select(number => $"{part.Groups["stem"].Value}-{number:D5}-of-{part.Groups["count"].Value}.gguf")];
                if (parts.All(all.Contains))
                {
                    models.Add(new FileSelection(path, parts));
                }
            }
        }

        return models;
    }

    private static FileSelection Folder(ModelName name, IReadOnlyCollection<string> files)
    {
        string[] weights = [.. files.Where(path => Weights().IsMatch(path)).Order(StringComparer.Ordinal)];
        if (weights.Length == 0 || !files.Contains("config.json"))
        {
            throw new ModelStoreException($"{name}: there is neither a GGUF file nor config.json with model.safetensors");
        }

        return new FileSelection(null, [.. files.Where(Companions.Contains), .. weights]);
    }

    /// <summary>Whether a path has a quantisation's name in it: whole, so that Q4_K is not found in Q4_K_M.</summary>
    private static bool HasTag(string path, string tag)
    {
        for (int at = -1; (at = path.IndexOf(tag, at + 1, StringComparison.OrdinalIgnoreCase)) >= 0;)
        {
            if ((at == 0 || IsBetween(path[at - 1])) && (at + tag.Length == path.Length || IsBetween(path[at + tag.Length])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsBetween(char c) => !char.IsAsciiLetterOrDigit(c) && c != '_';

    // Vision encoders and importance matrices are GGUF files, too.
    private static bool IsNoModel(string path)
    {
        string file = path[(path.LastIndexOf('/') + 1)..];
        return file.Contains("mmproj", StringComparison.OrdinalIgnoreCase) || file.Contains("imatrix", StringComparison.OrdinalIgnoreCase);
    }

    private static string Names(List<FileSelection> models) =>
        models.Count == 0 ? "none" : string.Join(", ", models.Select(model => model.Entry));

    [GeneratedRegex(@"\A(?<stem>.*)-(?<number>[0-9]{5})-of-(?<count>0[0-9]{4})\.gguf\z")]
    private static partial Regex Part();

    [GeneratedRegex(@"\Amodel(-[0-9]{5}-of-[0-9]{5})?\.safetensors\z")]
    private static partial Regex Weights();
}
