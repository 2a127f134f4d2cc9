using System.Collections;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace VkInfer.Cli.Settings;

/// <summary>
/// Reads <see cref="VkInferOptions"/> and <see cref="ResearchOptions"/> from the section <c>VkInfer</c> of <c>appsettings.json</c>, then from environment variables
/// <c>VKINFER_…</c>, then from the command line; later ones win.
/// </summary>
internal static class SettingsReader
{
    private const string Section = "VkInfer";

    private const string FileName = "appsettings.json";

    private const int MaxBytes = 1 << 20;

    // Lists and maps, which sources would else mix entry by entry: the last one that has any has all.
    private static readonly string[] Whole = [nameof(VkInferOptions.StopStrings), nameof(VkInferOptions.LogitBias)];

    /// <summary>Reads all sources.</summary>
    /// <param name="directory">Where the file may be.</param>
    /// <param name="commandLine">Names of settings and the texts that the command line has for them.</param>
    /// <exception cref="OptionsException">A key is none, or a value is not allowed; the message says where.</exception>
    /// <exception cref="CliException">The file cannot be read, or it is the command line that is wrong.</exception>
    public static (VkInferOptions Options, ResearchOptions Research) Read(
        string directory, IReadOnlyDictionary<string, IReadOnlyList<string>> commandLine)
    {
        (string Origin, IConfiguration Values)[] sources =
        [
            (FileName, ReadFile(directory)),
            ("environment", ReadEnvironment()),
            ("command line", Of(commandLine.SelectMany(one => Entries(Setting.Find(one.Key)!, one.Value, "command line")))),
        ];
        var builder = new ConfigurationBuilder();
        for (int i = 0; i < sources.Length; i++)
        {
            (string Origin, IConfiguration Values)[] later = sources[(i + 1)..];
            builder.AddConfiguration(Without(Whole.Where(name => later.Any(one => Has(one.Values, name))), sources[i].Values));
        }

        IConfigurationRoot all = builder.Build();
        try
        {
            var research = new ResearchOptions
            {
                Softmax = NameOf<SoftmaxChoice>(all, nameof(ResearchOptions.Softmax)),
                Linear = NameOf<LinearChoice>(all, nameof(ResearchOptions.Linear)),
                Dispatches = NameOf<DispatchOrder>(all, nameof(ResearchOptions.Dispatches)),
            };
            string[] apart = [nameof(ResearchOptions.Softmax), nameof(ResearchOptions.Linear), nameof(ResearchOptions.Dispatches)];
            return (VkInferOptions.From(Of(all.AsEnumerable().Where(one => !apart.Contains(one.Key, StringComparer.OrdinalIgnoreCase)))),
                research);
        }
        catch (OptionsException problem)
        {
            string origin = sources.LastOrDefault(
                source => source.Values.GetChildren().Any(one => one.Key.Equals(problem.Key, StringComparison.OrdinalIgnoreCase))).Origin;
            throw Explain(problem, Setting.Find(problem.Key), origin);
        }
    }

    private static bool Has(IConfiguration values, string name) => values.GetSection(name).Exists();

    private static IConfigurationRoot Without(IEnumerable<string> names, IConfiguration values)
    {
        string[] left = [.. names];
        return Of(values.AsEnumerable(makePathsRelative: true).Where(
            one => !left.Contains(one.Key.Split(ConfigurationPath.KeyDelimiter)[0], StringComparer.OrdinalIgnoreCase)));
    }

    private static T? NameOf<T>(IConfiguration values, string key)
        where T : struct, Enum =>
        values[key] is not { } text ? null
            : Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) ? Enum.Parse<T>(text, ignoreCase: true)
            : throw new OptionsException(key, $"\"{text}\" is not one of {string.Join(", ", Enum.GetNames<T>())}");

    private static Exception Explain(OptionsException problem, Setting? setting, string origin)
    {
        string where = origin switch
        {
            FileName => FileName,
            "environment" => $"{origin} {setting?.EnvironmentName}",
            _ => $"{origin} {setting?.Switch}",
        };
        var explained = new OptionsException(problem.Key, problem.Problem, problem, where);
        return origin == "command line" ? CliException.Usage(explained.Message) : explained;
    }

    private static IConfiguration ReadFile(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            // A pipe has no length, and would wait for its writer.
            var file = new FileInfo(path);
            FileSystemInfo? target = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) ?? file : null;
            if (target is not FileInfo { Exists: true } found)
            {
                return Of([]);
            }

            if (found.Length is 0 or > MaxBytes)
            {
                throw new CliException($"{path}: {found.Length} bytes; expected 1 to {MaxBytes}");
            }

            using FileStream stream = found.OpenRead();
            return new ConfigurationBuilder().AddJsonStream(stream).Build().GetSection(Section);
        }
        catch (Exception problem) when (
            problem is InvalidDataException or FormatException or JsonException or IOException or UnauthorizedAccessException)
        {
            string message = (problem.InnerException ?? problem).Message;
            throw new CliException(message.StartsWith(path, StringComparison.Ordinal) ? message : $"{path}: {message}");
        }
    }

    /// <summary>Of the environment what names a setting, or nearly: other variables begin alike.</summary>
    private static IConfigurationRoot ReadEnvironment()
    {
        var found = new List<KeyValuePair<string, string?>>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            (string name, string value) = ((string)entry.Key, (string)entry.Value!);
            if (!name.StartsWith(Setting.EnvironmentPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            string key = name[Setting.EnvironmentPrefix.Length..];
            if (Setting.Find(key) is { } setting)
            {
                found.AddRange(Entries(setting, [value], "environment"));
                continue;
            }

            try
            {
                VkInferOptions.From(Of([KeyValuePair.Create(key, (string?)value)]));
            }
            catch (OptionsException problem) when (problem.Suggestion is not null)
            {
                throw new OptionsException(key, problem.Problem, problem, $"environment {name}");
            }
            catch (OptionsException)
            {
                // It means something else to somebody else.
            }
        }

        return Of(found);
    }

    /// <summary>What a text says in the binder's words.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> Entries(Setting setting, IReadOnlyList<string> texts, string origin)
    {
        switch (setting.Name)
        {
            case nameof(VkInferOptions.StopStrings):
                return texts.Select((text, i) => KeyValuePair.Create($"{setting.Name}:{i}", (string?)text));
            case nameof(VkInferOptions.LogitBias):
                return Biases(texts[^1]) is { } biases
                    ? biases.Select(pair => KeyValuePair.Create(
                        string.Create(CultureInfo.InvariantCulture, $"{setting.Name}:{pair.Key}"),
                        (string?)pair.Value.ToString("R", CultureInfo.InvariantCulture)))
                    : throw Explain(
                        new OptionsException(setting.Name, $"\"{texts[^1]}\" is not a list ID=VALUE,… of token ids and numbers or -inf"),
                        setting, origin);
            default:
                string value = texts[^1].Trim();
                return [KeyValuePair.Create(setting.Name, (string?)(setting.IsFlag && value is "1" or "0" ? $"{value == "1"}" : value))];
        }
    }

    private static Dictionary<int, float>? Biases(string text)
    {
        var biases = new Dictionary<int, float>();
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = entry.Split('=', 2, StringSplitOptions.TrimEntries);
            float bias = float.NegativeInfinity;
            bool isNumber = parts is [_, "-inf"]
                || (parts.Length == 2 && float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out bias)
                    && float.IsFinite(bias));
            if (!isNumber || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || !biases.TryAdd(id, bias))
            {
                return null;
            }
        }

        return biases;
    }

    private static IConfigurationRoot Of(IEnumerable<KeyValuePair<string, string?>> entries) =>
        new ConfigurationBuilder().AddInMemoryCollection(entries).Build();
}
