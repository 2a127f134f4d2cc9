namespace VkInfer.Tests.Hostile;

/// <summary>A file that is deleted at the end of a test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(byte[] bytes) => File.WriteAllBytes(Path, bytes);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"vkinfer-{Guid.NewGuid():N}.gguf");

    public void Dispose() => File.Delete(Path);
}
