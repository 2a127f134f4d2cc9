namespace VkInfer.Samples.Desktop.Conversations;

/// <summary>The file with conversations and settings cannot be used.</summary>
/// <param name="path">The file.</param>
/// <param name="problem">What is wrong with it.</param>
/// <param name="innerException">What found it.</param>
public sealed class DataFileException(string path, string problem, Exception? innerException = null)
    : Exception($"{path}: {problem}", innerException)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;
}
