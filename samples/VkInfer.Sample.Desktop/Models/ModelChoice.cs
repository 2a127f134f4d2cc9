using VkInfer.Samples.Desktop.Settings;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>Which model, and how it is loaded. Compared by value.</summary>
/// <param name="Model">A path or a name in the store; null: the model that is built in.</param>
/// <param name="Device">The device.</param>
/// <param name="ContextLength">Tokens of the context; null: the default.</param>
public sealed record ModelChoice(string? Model, string Device, int? ContextLength)
{
    /// <summary>What the model that is built in is called.</summary>
    public const string BuiltInName = "VkInfer Mini";

    /// <summary>The choice that settings hold.</summary>
    public static ModelChoice Of(DesktopSettings settings) => new(settings.Model, settings.Device, settings.ContextLength);

    /// <summary>The model's name, short enough to be shown.</summary>
    public string Name => Model is null ? BuiltInName
        : ModelName.IsName(Model) ? Model
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(Model));
}
