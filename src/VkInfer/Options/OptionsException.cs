namespace VkInfer;

/// <summary>
/// A configuration has a key that is none, or a value that is not allowed. The message names the key, where it was set if that is known,
/// and what is allowed, as <c>VkInfer:KvType (environment VKINFER_KVTYPE): "F8" is not one of F16, F32, Q8_0</c>.
/// </summary>
public sealed class OptionsException : VkInferException
{
    /// <summary>Describes what is wrong with a key.</summary>
    /// <param name="key">The key, without section, e.g. <c>KvType</c>.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="innerException">The cause, or null.</param>
    /// <param name="origin">Where it was set, e.g. <c>appsettings.json</c>; null: not known.</param>
    public OptionsException(string key, string problem, Exception? innerException = null, string? origin = null)
        : base($"VkInfer:{key}{(origin is null ? "" : $" ({origin})")}: {problem}", innerException) => (Key, Problem) = (key, problem);

    /// <summary>The key, without section.</summary>
    public string Key { get; }

    /// <summary>What is wrong with it.</summary>
    public string Problem { get; }

    /// <summary>The key that was probably meant, where this one is misspelled; else null.</summary>
    public string? Suggestion { get; init; }
}
