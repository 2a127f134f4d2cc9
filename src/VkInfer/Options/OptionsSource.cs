using System.Text.Json;
using Microsoft.Extensions.Configuration;
using VkInfer.Formats;

namespace VkInfer;

/// <summary>One place that options come from.</summary>
internal abstract class OptionsSource
{
    /// <summary>Name of the section in files.</summary>
    public const string Section = "VkInfer";

    private const string FileName = "appsettings.json";

    private const long MaxBytes = 1 << 20;

    /// <summary>Where a key's value was written, e.g. <c>environment VKINFER_KVTYPE</c>.</summary>
    public abstract string Origin(OptionKey key);

    /// <summary>The names written there, known or not, with their values; a value is null where it is not a single one.</summary>
    public abstract IEnumerable<(string Name, string? Value)> Entries { get; }

    /// <summary>Whether this is the command line.</summary>
    public virtual bool IsCommandLine => false;

    /// <summary>Whether every name there is meant for this program, so that an unknown one is worth a warning.</summary>
    public virtual bool IsOurs => true;

    /// <summary>The file in a directory; without entries where there is none.</summary>
    /// <exception cref="OptionsException">The file is no JSON.</exception>
    public static OptionsSource FromFile(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            var builder = new ConfigurationBuilder();
            if (RegularFile.TryFindLength(path) is not null)
            {
                builder.AddJsonStream(new MemoryStream(RegularFile.ReadAllBytes(path, MaxBytes)));
            }

            return new ConfigurationSource(builder.Build().GetSection(Section), _ => FileName, isOurs: true);
        }
        catch (Exception problem) when (
            problem is InvalidDataException or FormatException or JsonException or IOException or UnauthorizedAccessException)
        {
            string message = (problem.InnerException ?? problem).Message;
            throw new OptionsException(
                message.StartsWith(path, StringComparison.Ordinal) ? message : $"{path}: {message}", fromCommandLine: false, problem);
        }
    }

    /// <summary>The environment variables of this process.</summary>
    public static OptionsSource FromEnvironment() => new ConfigurationSource(
        new ConfigurationBuilder().AddEnvironmentVariables(OptionKey.EnvironmentPrefix).Build(),
        key => $"environment {key.EnvironmentName}", isOurs: false);

    /// <summary>A command line of <c>--key value</c> pairs.</summary>
    /// <exception cref="OptionsException">Something else stands there.</exception>
    public static OptionsSource FromArguments(IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> mappings = OptionKey.All.ToDictionary(key => key.Switch, key => key.Name);
        for (int i = 0; i < arguments.Count; i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            if (!mappings.ContainsKey(parts[0]))
            {
                throw new OptionsException(
                    $"\"{arguments[i]}\" is not one of {string.Join(", ", mappings.Keys)}", fromCommandLine: true);
            }

            if (parts.Length == 1 && ++i == arguments.Count)
            {
                throw new OptionsException($"{parts[0]} needs a value", fromCommandLine: true);
            }
        }

        return new ConfigurationSource(
            new ConfigurationBuilder().AddCommandLine([.. arguments], mappings).Build(),
            key => $"command line {key.Switch}", isOurs: true, isCommandLine: true);
    }

    /// <summary>A command line that was parsed already.</summary>
    public static OptionsSource FromCommandLine(IReadOnlyDictionary<string, string> values) => new ConfigurationSource(
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build(),
        key => $"command line {key.Switch}", isOurs: true, isCommandLine: true);

    private sealed class ConfigurationSource(
        IConfiguration configuration, Func<OptionKey, string> origin, bool isOurs, bool isCommandLine = false) : OptionsSource
    {
        public override bool IsOurs => isOurs;

        public override bool IsCommandLine => isCommandLine;

        // A null in a file sets nothing.
        public override IEnumerable<(string Name, string? Value)> Entries =>
            from child in configuration.GetChildren()
            let isGroup = child.GetChildren().Any()
            where isGroup || child.Value is not null
            select (child.Key, isGroup ? null : child.Value);

        public override string Origin(OptionKey key) => origin(key);
    }
}
