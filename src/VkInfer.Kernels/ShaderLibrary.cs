using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>
/// The compiled shaders embedded in this assembly, by the names of <c>shaders/variants.cmake</c>. Thread-safe.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class ShaderLibrary
{
    private static readonly ShaderArchive Archive = ShaderArchive.Open();
    private static readonly ConcurrentDictionary<string, ShaderCode> Loaded = new(StringComparer.Ordinal);

    /// <summary>The names of all variants in this build, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Archive.Entries.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Whether the build has the variant: one that its compiler did not know was left out.</summary>
    /// <param name="name">A name of <c>shaders/variants.cmake</c>.</param>
    public static bool Contains(string name) => Archive.Entries.ContainsKey(name);

    /// <summary>The SPIR-V of a variant, loaded once.</summary>
    /// <param name="name">A name of <c>shaders/variants.cmake</c>.</param>
    /// <exception cref="KeyNotFoundException">The build has no such variant.</exception>
    public static ShaderCode Get(string name) => Loaded.GetOrAdd(name, static name => new ShaderCode(name, Archive.Read(Find(name))));

    /// <summary>What tells a variant's code from others: 32 hexadecimal digits of its SHA-256.</summary>
    /// <param name="name">A name of <c>shaders/variants.cmake</c>.</param>
    /// <exception cref="KeyNotFoundException">The build has no such variant.</exception>
    public static string HashOf(string name) => Convert.ToHexStringLower(Find(name).Hash);

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
                    hash.AppendData(Find(name).Hash);
                    break;
                }
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    private static ShaderArchive.Entry Find(string name) => Archive.Entries.TryGetValue(name, out ShaderArchive.Entry entry)
        ? entry
        : throw new KeyNotFoundException($"this build has no shader '{name}'; it has {Names.Count} others");
}
