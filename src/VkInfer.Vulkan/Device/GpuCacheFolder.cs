namespace VkInfer.Vulkan;

/// <summary>Where pipeline caches live.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class GpuCacheFolder
{
    /// <summary>Environment variable that names the folder; <c>off</c> keeps nothing on disk.</summary>
    public const string EnvironmentVariable = "VKINFER_CACHE";

    internal const string Off = "off";

    /// <summary>
    /// The folder of this user: <c>$XDG_CACHE_HOME/vkinfer</c>, else <c>~/.cache/vkinfer</c>; on Windows
    /// <c>%LOCALAPPDATA%\vkinfer\cache</c>; on macOS <c>~/Library/Caches/vkinfer</c>. Null when the user has no home.
    /// </summary>
    public static string? Default()
    {
        if (OperatingSystem.IsWindows())
        {
            return Below(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "vkinfer", "cache");
        }

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsMacOS())
        {
            return Below(home, "Library", "Caches", "vkinfer");
        }

        string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        return Path.IsPathRooted(xdg) ? Path.Combine(xdg, "vkinfer") : Below(home, ".cache", "vkinfer");
    }

    /// <summary>The folder in use: what the environment variable says, else the default; null where nothing is kept on disk.</summary>
    public static string? Current() => Resolve(null);

    /// <summary>Reads a file of the folder; null where there is none, or a longer one, or a pipe or device, which have no length.</summary>
    internal static byte[]? ReadFile(string path, long maxBytes)
    {
        var file = new FileInfo(path);
        if (file is { Exists: true, LinkTarget: not null })
        {
            file = new FileInfo(file.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }

        if (!file.Exists || file.Length == 0 || file.Length > maxBytes)
        {
            return null;
        }

        byte[] bytes = new byte[file.Length];
        using FileStream stream = file.OpenRead();
        stream.ReadExactly(bytes);
        return bytes;
    }

    internal static string? Resolve(string? option)
    {
        string? folder = option ?? Environment.GetEnvironmentVariable(EnvironmentVariable);
        if (string.IsNullOrWhiteSpace(folder))
        {
            return Default();
        }

        return folder.Equals(Off, StringComparison.OrdinalIgnoreCase) ? null : folder;
    }

    private static string? Below(string parent, params ReadOnlySpan<string> parts)
        => parent.Length == 0 ? null : Path.Combine([parent, .. parts]);
}
