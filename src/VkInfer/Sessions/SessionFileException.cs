namespace VkInfer;

/// <summary>
/// A file of <see cref="Session.Save"/> cannot be used: it is damaged, of another version, or of another model or type of KV cache. The
/// message says which file, what is wrong, what was expected and what stands there.
/// </summary>
public sealed class SessionFileException : VkInferException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong, one line.</param>
    /// <param name="innerException">The cause, if any.</param>
    public SessionFileException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}", innerException) =>
        Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
