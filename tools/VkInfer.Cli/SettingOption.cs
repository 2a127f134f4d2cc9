using System.CommandLine;

namespace VkInfer.Cli;

/// <summary>A command-line option that sets a key of <see cref="VkInferOptions"/>; its text is checked where all sources are.</summary>
internal sealed class SettingOption : Option<string?>
{
    private SettingOption(OptionKey key)
        : base(key.Switch)
    {
        Key = key;
        Description = key.Description;
        HelpName = "value";
        Arity = key.Name == nameof(VkInferOptions.Validation) ? ArgumentArity.Zero : ArgumentArity.ExactlyOne;
    }

    public OptionKey Key { get; }

    /// <summary>The option for a key, by the key's name.</summary>
    public static SettingOption For(string name) => new(OptionKey.Find(name)!);

    /// <summary>Reads file, environment and command line; warnings go to standard error.</summary>
    /// <param name="parse">The parsed command line.</param>
    /// <param name="console">Where warnings go.</param>
    public static VkInferOptions Read(ParseResult parse, CliConsole console)
    {
        var given = new Dictionary<string, string>();
        foreach (SettingOption option in parse.CommandResult.Command.Options.OfType<SettingOption>())
        {
            if (parse.GetResult(option) is { Implicit: false })
            {
                given[option.Key.Name] = parse.GetValue(option) ?? bool.TrueString;
            }
        }

        VkInferOptions options = VkInferOptions.Load(given);
        foreach (string warning in options.Warnings)
        {
            console.Error.WriteLine($"vkinfer: warning: {ErrorReport.OneLine(warning)}");
        }

        return options;
    }
}
