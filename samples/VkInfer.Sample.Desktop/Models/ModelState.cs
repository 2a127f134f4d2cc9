using VkInfer.Samples.Desktop.Chat;

namespace VkInfer.Samples.Desktop.Models;

/// <summary>What has become of the chosen model. Immutable.</summary>
/// <param name="Name">The model.</param>
public abstract record ModelState(string Name);

/// <summary>It is being loaded.</summary>
/// <param name="Name">The model.</param>
/// <param name="Progress">How far.</param>
public sealed record ModelLoading(string Name, LoadProgress Progress) : ModelState(Name);

/// <summary>It answers.</summary>
/// <param name="Name">The model.</param>
/// <param name="Device">Where.</param>
/// <param name="WeightBytes">Bytes of its weights.</param>
/// <param name="ContextLength">Tokens of its context.</param>
public sealed record ModelReady(string Name, string Device, long WeightBytes, int ContextLength) : ModelState(Name);

/// <summary>It could not be loaded.</summary>
/// <param name="Name">The model.</param>
/// <param name="Problem">Why.</param>
public sealed record ModelFailed(string Name, Problem Problem) : ModelState(Name);
