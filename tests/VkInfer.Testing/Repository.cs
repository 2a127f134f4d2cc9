namespace VkInfer.Testing;

/// <summary>The source tree that the tests were built in.</summary>
public static class Repository
{
    /// <summary>The folder of the solution; null where the tests run outside of it.</summary>
    public static string? Root { get; } = FindRoot();

    private static string? FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "VkInfer.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
