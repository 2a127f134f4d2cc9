namespace VkInfer;

/// <summary>Reads <see cref="VkInferOptions"/> from all sources in their order of weight, and checks every value.</summary>
internal static class OptionsReader
{
    // Names at most this many edits from a key are taken for a misspelling of it.
    private const int NearEdits = 2;

    /// <summary>Reads the file in a directory, then the environment, then the command line; later ones win.</summary>
    /// <param name="directory">Where <c>appsettings.json</c> may be.</param>
    /// <param name="commandLine">The command line.</param>
    /// <exception cref="OptionsException">A value is not allowed, whether or not a later source replaces it.</exception>
    public static VkInferOptions Read(string directory, OptionsSource commandLine)
    {
        var options = new VkInferOptions();
        var warnings = new List<string>();
        foreach (OptionsSource source in (OptionsSource[])[OptionsSource.FromFile(directory), OptionsSource.FromEnvironment(), commandLine])
        {
            options = Apply(source, options, warnings);
        }

        return options with { Warnings = warnings };
    }

    private static VkInferOptions Apply(OptionsSource source, VkInferOptions options, List<string> warnings)
    {
        foreach ((string name, string? value) in source.Entries)
        {
            if (OptionKey.Find(name) is not { } key)
            {
                Warn(source, name, warnings);
                continue;
            }

            if (value is null)
            {
                throw new OptionsException(key.Name, source.Origin(key), "a list or group", key.Allowed, source.IsCommandLine);
            }

            options = key.Apply(options, value.Trim())
                ?? throw new OptionsException(key.Name, source.Origin(key), value, key.Allowed, source.IsCommandLine);
        }

        return options;
    }

    private static void Warn(OptionsSource source, string name, List<string> warnings)
    {
        OptionKey nearest = OptionKey.All.MinBy(key => Edits(key.Name.ToUpperInvariant(), name.ToUpperInvariant()))!;
        bool isNear = Edits(nearest.Name.ToUpperInvariant(), name.ToUpperInvariant()) <= NearEdits;
        if (source.IsOurs)
        {
            string hint = isNear
                ? $"did you mean {nearest.Name}?"
                : $"known keys are {string.Join(", ", OptionKey.All.Select(k => k.Name))}";
            warnings.Add($"{OptionsSource.Section}:{name} ({source.Origin(nearest)}): unknown key; {hint}");
        }
        else if (isNear)
        {
            warnings.Add($"{OptionKey.EnvironmentPrefix}{name}: unknown environment variable; did you mean {nearest.EnvironmentName}?");
        }
    }

    /// <summary>How many letters have to be inserted, deleted or replaced to make one text the other (Levenshtein).</summary>
    private static int Edits(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 0; i < from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < to.Length; j++)
            {
                int replaced = diagonal + (from[i] == to[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[^1];
    }
}
