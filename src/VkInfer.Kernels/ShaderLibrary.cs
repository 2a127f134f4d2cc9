using System.Collections.Concurrent;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The compiled shaders embedded in this assembly, by the names of <c>shaders/variants.cmake</c>. Thread-safe.
/// </summary>
public static class ShaderLibrary
{
    private const string Prefix = "shaders/";
    private const string Suffix = ".spv";

    private static readonly ConcurrentDictionary<string, ShaderCode> Loaded = new(StringComparer.Ordinal);

    /// <summary>The names of all variants in this build, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } = FindNames();

    /// <summary>Whether the build has the variant: one that its compiler did not know was left out.</summary>
    /// <param name="name">A name of <c>shaders/variants.cmake</c>.</param>
    public static bool Contains(string name) => Names.Contains(name, StringComparer.Ordinal);

    /// <summary>The SPIR-V of a variant, loaded once.</summary>
    /// <param name="name">A name of <c>shaders/variants.cmake</c>.</param>
    /// <exception cref="KeyNotFoundException">The build has no such variant.</exception>
    public static ShaderCode Get(string name) => Loaded.GetOrAdd(name, Load);

    private static ShaderCode Load(string name)
    {
        using var stream = typeof(ShaderLibrary).Assembly.GetManifestResourceStream(Prefix + name + Suffix)
            ?? throw new KeyNotFoundException($"this build has no shader '{name}'; it has {Names.Count} others");
        var code = new byte[stream.Length];
        stream.ReadExactly(code);
        return new ShaderCode(name, code);
    }

    private static string[] FindNames()
    {
        var names = typeof(ShaderLibrary).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..^Suffix.Length])
            .ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }
}
