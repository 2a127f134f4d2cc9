namespace VkInfer.Samples.Desktop.Settings;

/// <summary>What the settings dialog changes, until it is saved. Not thread-safe.</summary>
public sealed class SettingsDraft
{
    /// <inheritdoc cref="DesktopSettings.SystemPrompt"/>
    public string SystemPrompt { get; set; } = "";

    /// <inheritdoc cref="DesktopSettings.Temperature"/>
    public float? Temperature { get; set; }

    /// <inheritdoc cref="DesktopSettings.TopK"/>
    public int? TopK { get; set; }

    /// <inheritdoc cref="DesktopSettings.TopP"/>
    public float? TopP { get; set; }

    /// <inheritdoc cref="DesktopSettings.MinP"/>
    public float? MinP { get; set; }

    /// <inheritdoc cref="DesktopSettings.RepetitionPenalty"/>
    public float? RepetitionPenalty { get; set; }

    /// <inheritdoc cref="DesktopSettings.MaxTokens"/>
    public int? MaxTokens { get; set; }

    /// <inheritdoc cref="DesktopSettings.Seed"/>
    public long? Seed { get; set; }

    /// <inheritdoc cref="DesktopSettings.OffersTools"/>
    public bool OffersTools { get; set; }

    /// <inheritdoc cref="DesktopSettings.Theme"/>
    public Theme Theme { get; set; }

    /// <summary>A draft that changes nothing.</summary>
    public static SettingsDraft Of(DesktopSettings settings) => new()
    {
        SystemPrompt = settings.SystemPrompt,
        Temperature = settings.Temperature,
        TopK = settings.TopK,
        TopP = settings.TopP,
        MinP = settings.MinP,
        RepetitionPenalty = settings.RepetitionPenalty,
        MaxTokens = settings.MaxTokens,
        Seed = settings.Seed,
        OffersTools = settings.OffersTools,
        Theme = settings.Theme,
    };

    /// <summary>The settings with what the draft says; what it does not know stays.</summary>
    public DesktopSettings Over(DesktopSettings settings) => settings with
    {
        SystemPrompt = SystemPrompt,
        Temperature = Temperature,
        TopK = TopK,
        TopP = TopP,
        MinP = MinP,
        RepetitionPenalty = RepetitionPenalty,
        MaxTokens = MaxTokens,
        Seed = Seed,
        OffersTools = OffersTools,
        Theme = Theme,
    };
}
