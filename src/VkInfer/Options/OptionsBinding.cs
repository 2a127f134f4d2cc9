using Microsoft.Extensions.Configuration;

namespace VkInfer;

/// <summary>What binding a configuration to <see cref="VkInferOptions"/> takes beside the binder: it leaves out what it does not know.</summary>
internal static class OptionsBinding
{
    // Names at most this many edits from a key are taken for a misspelling of it.
    private const int NearEdits = 2;

    /// <summary>The keys, with their types.</summary>
    private static readonly Dictionary<string, Type> Keys = typeof(VkInferOptions).GetProperties()
        .Where(property => property.CanWrite).ToDictionary(
            property => property.Name, property => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType,
            StringComparer.OrdinalIgnoreCase);

    /// <summary>Throws where a key is none, or has a group where one value is wanted.</summary>
    public static void CheckKeys(IConfiguration configuration)
    {
        foreach (IConfigurationSection entry in configuration.GetChildren())
        {
            if (!Keys.TryGetValue(entry.Key, out Type? type))
            {
                string? near = Nearest(entry.Key);
                string hint = near is null ? $"known keys are {string.Join(", ", Keys.Keys)}" : $"did you mean {near}?";
                throw new OptionsException(entry.Key, $"unknown key; {hint}") { Suggestion = near };
            }

            if (entry.GetChildren().Any() != IsGroup(type) && (entry.Value is not null || !IsGroup(type)))
            {
                throw new OptionsException(
                    entry.Key, $"{(entry.Value is { } text ? $"\"{text}\"" : "a list or group")} is not {Allowed(type)}");
            }
        }
    }

    /// <summary>Says which key is at fault.</summary>
    /// <param name="configuration">What was bound.</param>
    /// <param name="problem">What the binder, or the check of the values, threw.</param>
    public static OptionsException Explain(IConfiguration configuration, Exception problem)
    {
        // The binder has no property for the path that it names.
        IConfigurationSection? found = configuration.GetChildren().FirstOrDefault(entry =>
            problem is ArgumentException { ParamName: { } name }
                ? entry.Key.Equals(name, StringComparison.OrdinalIgnoreCase)
                : problem.Message.Contains($"'{entry.Path}'", StringComparison.Ordinal)
                    || problem.Message.Contains($"'{entry.Path}:", StringComparison.Ordinal));
        string text = problem.Message.Split(" (Parameter")[0];
        string key = found?.Key ?? (problem as ArgumentException)?.ParamName ?? "";
        return new OptionsException(
            key, found is null || IsGroup(Keys[key]) ? text
                : problem is ArgumentException ? $"\"{found.Value}\": {text}" : $"\"{found.Value}\" is not {Allowed(Keys[key])}",
            problem);
    }

    private static string? Nearest(string name) => Keys.Keys
        .Select(key => (Key: key, Edits: Edits(key.ToUpperInvariant(), name.ToUpperInvariant())))
        .Where(near => near.Edits <= NearEdits).OrderBy(near => near.Edits).Select(near => near.Key).FirstOrDefault();

    private static bool IsGroup(Type type) => type == typeof(IReadOnlyList<string>) || type == typeof(IReadOnlyDictionary<int, float>);

    private static string Allowed(Type type) => type switch
    {
        { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(ulong) => "a whole number",
        _ when type == typeof(float) => "a number",
        _ when type == typeof(TimeSpan) => "a time, as 00:00:30",
        _ when type == typeof(string) => "a text",
        _ => "a list or group",
    };

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
