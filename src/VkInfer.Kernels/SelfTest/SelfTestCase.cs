using VkInfer.Vulkan;

namespace VkInfer.Kernels;

/// <summary>A small case of one form of a kernel, with what the CPU says of it.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class SelfTestCase
{
    private static readonly string Version = typeof(SelfTestCase).Module.ModuleVersionId.ToString();

    internal SelfTestCase(string form, string detail, Action<SelfTestBench, CommandList> record, params ReadOnlySpan<string> variants)
    {
        Form = form;
        Key = $"{form} {detail} {Hash(variants)}";
        Record = record;
    }

    /// <summary>The form, as <see cref="KernelForms"/> names it.</summary>
    public string Form { get; }

    /// <summary>The form with its sizes and a hash of its code: the same key means the same test.</summary>
    public string Key { get; }

    internal Action<SelfTestBench, CommandList> Record { get; }

    /// <summary>
    /// Whether a key is of a case of this version: what another one found wrong says nothing of this one's code, nor of its expectations.
    /// </summary>
    /// <param name="key">A case's <see cref="Key"/>.</param>
    public static bool IsOfThisVersion(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.AsSpan(key.LastIndexOf(' ') + 1).StartsWith(Version, StringComparison.Ordinal);
    }

    private static string Hash(ReadOnlySpan<string> variants)
    {
        // What was computed depends on the kernel classes as well as on the shaders.
        string text = Version;
        foreach (string variant in variants)
        {
            text += ShaderLibrary.HashOf(variant);
        }

        return text;
    }
}

/// <summary>How a case ended.</summary>
/// <param name="Case">The case.</param>
/// <param name="Problem">What was wrong; null: it passed.</param>
/// <param name="IsLate">There was no result in time, of this case or of one that ran with it.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed record SelfTestResult(SelfTestCase Case, string? Problem, bool IsLate = false);
