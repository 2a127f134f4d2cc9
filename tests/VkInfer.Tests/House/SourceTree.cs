using VkInfer.Testing;

namespace VkInfer.Tests.House;

/// <summary>The repository's own files, as far as people write them.</summary>
internal static class SourceTree
{
    private static readonly string[] Rooms = ["src", "tests", "tools", "samples", "shaders"];

    private static string Root => Repository.Root
        ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} does not lie in the source tree.");

    /// <summary>Files whose name ends so, with the path from the root on.</summary>
    public static IEnumerable<(string Path, string[] Lines)> Read(params string[] endings) =>
        from path in Paths()
        where endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal))
        select (path, File.ReadAllLines(Path.Combine(Root, path)));

    /// <summary>Paths from the root on.</summary>
    public static IEnumerable<string> Paths() =>
        from room in Rooms
        from file in Directory.EnumerateFiles(Path.Combine(Root, room), "*", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Root, file).Replace('\\', '/')
        where !path.Split('/').Any(part => part is "obj" or "bin" or "__pycache__" || part.StartsWith('.'))
        select path;
}
