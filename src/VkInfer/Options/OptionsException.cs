namespace VkInfer;

/// <summary>
/// A setting has a value that is not allowed. The message names the key, where it was set, the value and what is allowed, e.g.
/// <c>VkInfer:KvType (environment VKINFER_KVTYPE): "F8" is not one of F16, F32</c>.
/// </summary>
public sealed class OptionsException : VkInferException
{
    /// <summary>Describes a value that is not allowed.</summary>
    /// <param name="key">The key, without section, e.g. <c>KvType</c>.</param>
    /// <param name="origin">Where it was set, e.g. <c>appsettings.json</c>.</param>
    /// <param name="value">The value as it was written.</param>
    /// <param name="allowed">What is allowed, so that it reads after "is not".</param>
    /// <param name="fromCommandLine">Whether it was given on the command line.</param>
    public OptionsException(string key, string origin, string value, string allowed, bool fromCommandLine = false)
        : base($"VkInfer:{key} ({origin}): \"{value}\" is not {allowed}")
    {
        Key = key;
        IsFromCommandLine = fromCommandLine;
    }

    /// <summary>Describes a source that cannot be read.</summary>
    /// <param name="message">One line: what, where.</param>
    /// <param name="fromCommandLine">Whether it is about the command line.</param>
    /// <param name="innerException">The cause, or null.</param>
    public OptionsException(string message, bool fromCommandLine, Exception? innerException = null)
        : base(message, innerException) =>
        IsFromCommandLine = fromCommandLine;

    /// <summary>The key, without section; null where the whole source is at fault.</summary>
    public string? Key { get; }

    /// <summary>Whether the fault is on the command line, so that it is the caller's usage that is wrong.</summary>
    public bool IsFromCommandLine { get; }
}
