using VkInfer.Samples.Desktop.Chat;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>A model on its way here, or one that did not come. Immutable.</summary>
/// <param name="Name">What was asked for.</param>
/// <param name="Progress">How far it has come.</param>
/// <param name="Problem">Why it ended without the model; null while it runs.</param>
public sealed record Download(string Name, LoadProgress Progress, Problem? Problem);
