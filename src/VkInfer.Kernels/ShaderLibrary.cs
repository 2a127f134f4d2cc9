using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
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

    /// <summary>What tells the shaders whose names begin so from those of another build: 32 hexadecimal digits.</summary>
    /// <param name="prefixes">Beginnings of names.</param>
    public static string Fingerprint(params ReadOnlySpan<string> prefixes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in Names)
        {
            foreach (string prefix in prefixes)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    hash.AppendData(Encoding.UTF8.GetBytes(name));
                    hash.AppendData(Read(name));
                    break;
                }
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    private static ShaderCode Load(string name) => new(name, Read(name));

    private static byte[] Read(string name)
    {
        using Stream stream = typeof(ShaderLibrary).Assembly.GetManifestResourceStream(Prefix + name + Suffix)
            ?? throw new KeyNotFoundException($"this build has no shader '{name}'; it has {Names.Count} others");
        byte[] code = new byte[stream.Length];
        stream.ReadExactly(code);
        return code;
    }

    private static string[] FindNames()
    {
        string[] names = typeof(ShaderLibrary).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..^Suffix.Length])
            .ToArray();
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }
}
