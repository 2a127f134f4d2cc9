using VkInfer.Configuration;

namespace VkInfer.Loading;

/// <summary>
/// What a folder of sentence-transformers does with hidden states: <c>modules.json</c> and the folders that it names. Lengths of 1 are
/// asked for elsewhere (<see cref="EmbeddingOptions.Normalize"/>).
/// </summary>
/// <param name="Pooling">How they are pooled; null: it does not say.</param>
/// <param name="Dense">Folders of the linear layers behind that, in their order.</param>
internal sealed record SentenceModules(EmbeddingPooling? Pooling, IReadOnlyList<string> Dense)
{
    private const int MostModules = 16;

    private static readonly (string Key, EmbeddingPooling? Pooling)[] Flags =
    [
        ("pooling_mode_cls_token", EmbeddingPooling.Cls), ("pooling_mode_mean_tokens", EmbeddingPooling.Mean),
        ("pooling_mode_lasttoken", EmbeddingPooling.Last), ("pooling_mode_max_tokens", null),
        ("pooling_mode_mean_sqrt_len_tokens", null), ("pooling_mode_weightedmean_tokens", null),
    ];

    /// <summary>Reads them; null: the folder is of another kind.</summary>
    /// <exception cref="UnsupportedModelException">A module is of a kind that does not run here.</exception>
    public static SentenceModules? TryRead(string folder)
    {
        if (HfJson.TryReadList(Path.Combine(folder, "modules.json")) is not { } list)
        {
            return null;
        }

        EmbeddingPooling? pooling = null;
        var dense = new List<string>();
        foreach (HfJson module in list.Take(MostModules + 1))
        {
            string type = module.String("type");
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer" or "Normalize":
                    break;
                case "Pooling":
                    pooling = ReadPooling(HfJson.Read(Path.Combine(FolderOf(folder, module), "config.json")));
                    break;
                case "Dense":
                    dense.Add(FolderOf(folder, module));
                    break;
                default:
                    throw module.Wrong("type", "Transformer, Pooling, Dense or Normalize of sentence-transformers", $"\"{type}\"");
            }
        }

        return new SentenceModules(pooling, dense);
    }

    private static string FolderOf(string folder, HfJson module) => module.String("path") is { Length: > 0 } path
        && path is not ("." or "..") && path.IndexOfAny(['/', '\\', ':', '\0']) < 0
        ? Path.Combine(folder, path)
        : throw module.Wrong("path", "the name of a folder beside modules.json", "another");

    private static EmbeddingPooling? ReadPooling(HfJson json)
    {
        const string Key = "pooling_mode";
        if (json.IsSet(Key))
        {
            return json.String(Key) switch
            {
                "cls" => EmbeddingPooling.Cls,
                "mean" => EmbeddingPooling.Mean,
                "lasttoken" => EmbeddingPooling.Last,
                string other => throw json.Wrong(Key, "cls, mean or lasttoken", $"\"{other}\""),
            };
        }

        (string Key, EmbeddingPooling? Pooling)[] set = [.. Flags.Where(flag => json.TryBool(flag.Key) == true)];
        return set switch
        {
            [] => null,
            [(_, { } one)] => one,
            _ => throw json.Wrong(set[^1].Key, "one of cls_token, mean_tokens and lasttoken alone", "true"),
        };
    }
}
