namespace VkInfer.Cli.Tests;

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vkinfer-cli-");

    public string FullName => _folder.FullName;

    public string Write(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string PathOf(string name) => System.IO.Path.Combine(FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
