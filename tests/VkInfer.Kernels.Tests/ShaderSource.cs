using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace VkInfer.Kernels.Tests;

/// <summary>The shaders' GLSL text, with what it includes.</summary>
internal static partial class ShaderSource
{
    private static readonly string Folder = FindFolder();

    /// <summary>The text of a file below <c>shaders</c>, followed by the texts of all files it includes.</summary>
    public static string Read(string source)
    {
        var seen = new List<string>();
        Collect(Path.Combine(Folder, source), seen);
        return string.Concat(seen.Select(File.ReadAllText));
    }

    /// <summary>The variants of this build and the files they are compiled from.</summary>
    public static IEnumerable<(string Variant, string Source)> Variants()
    {
        using Stream stream = typeof(ShaderLibrary).Assembly.GetManifestResourceStream("shaders/manifest.json")!;
        using var manifest = JsonDocument.Parse(stream);
        foreach (JsonElement entry in manifest.RootElement.GetProperty("variants").EnumerateArray())
        {
            yield return (entry.GetProperty("name").GetString()!, entry.GetProperty("source").GetString()!);
        }
    }

    /// <summary>The file that the compiler wrote for a variant.</summary>
    public static string Compiled(string variant) =>
        Path.GetFullPath(Path.Combine(Folder, "..", "artifacts", "shaders", variant + ".spv"));

    private static void Collect(string path, List<string> seen)
    {
        if (seen.Contains(path))
        {
            return;
        }

        seen.Add(path);
        foreach (Match include in Include().Matches(File.ReadAllText(path)))
        {
            string[] candidates = [Path.GetDirectoryName(path)!, Path.Combine(Folder, "include"), Folder];
            Collect(candidates.Select(folder => Path.Combine(folder, include.Groups[1].Value)).First(File.Exists), seen);
        }
    }

    private static string FindFolder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "shaders"));

    [GeneratedRegex("^#include \"(.+)\"", RegexOptions.Multiline)]
    private static partial Regex Include();
}
