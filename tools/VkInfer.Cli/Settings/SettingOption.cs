using System.CommandLine;

namespace VkInfer.Cli.Settings;

/// <summary>A command-line option that sets a <see cref="Settings.Setting"/>; its text is checked where all sources are.</summary>
internal sealed class SettingOption : Option<string[]?>
{
    private SettingOption(Setting setting)
        : base(setting.Switch)
    {
        Setting = setting;
        Description = setting.Description;
        HelpName = setting.IsFlag ? null : "value";
        CustomParser = result => [.. result.Tokens.Select(token => token.Value)];
        Arity = setting.IsFlag ? ArgumentArity.Zero
            : setting.Name == nameof(VkInferOptions.StopStrings) ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne;
    }

    public Setting Setting { get; }

    /// <summary>The option for a setting, by the setting's name.</summary>
    public static SettingOption For(string name) => new(Setting.Find(name)!);

    /// <summary>Reads file, environment and command line.</summary>
    /// <param name="parse">The parsed command line.</param>
    public static (VkInferOptions Options, ResearchOptions Research) Read(ParseResult parse)
    {
        var given = new Dictionary<string, IReadOnlyList<string>>();
        foreach (SettingOption option in parse.CommandResult.Command.Options.OfType<SettingOption>())
        {
            if (parse.GetResult(option) is { Implicit: false })
            {
                given[option.Setting.Name] = option.Setting.IsFlag ? [bool.TrueString] : parse.GetValue(option)!;
            }
        }

        return SettingsReader.Read(Directory.GetCurrentDirectory(), given);
    }
}
