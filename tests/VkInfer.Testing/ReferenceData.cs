namespace VkInfer.Testing;

/// <summary>
/// Files that do not belong to this repository, below the folder that the environment variable VKINFER_TEST_DATA names, and reference
/// cases in the folder <c>cases</c> beside that.
/// </summary>
public static class ReferenceData
{
    /// <summary>A model that many tests use, below the folder.</summary>
    public const string Stories = "models/stories260K-tied-f32.gguf";

    /// <summary>The full path of <see cref="Stories"/>, as <see cref="Find"/> has it.</summary>
    public static string StoriesPath => Find(Stories);

    /// <summary>The folder; null where there is none.</summary>
    public static string? Root => Environment.GetEnvironmentVariable("VKINFER_TEST_DATA") is { Length: > 0 } root ? root : null;

    /// <summary>Full path of a file or folder: the test is skipped where the variable is unset, and fails where it is missing.</summary>
    public static string Find(params string[] parts)
    {
        if (Root is not { } root)
        {
            NUnit.Framework.Assert.Ignore("VKINFER_TEST_DATA is not set: no reference data");
            return "";
        }

        string path = Path.Combine([root, .. parts]);
        NUnit.Framework.Assert.That(Path.Exists(path), NUnit.Framework.Is.True, $"VKINFER_TEST_DATA is set, but {path} is missing");
        return path;
    }

    /// <summary>Full path of a reference case's file or folder: the test is skipped where it is missing.</summary>
    public static string Case(params string[] parts)
    {
        string path = Path.Combine([Root ?? ".", "..", "cases", .. parts]);
        if (Root is null || !Path.Exists(path))
        {
            NUnit.Framework.Assert.Ignore($"No {path}: VKINFER_TEST_DATA is not set, or has no folder cases beside it");
        }

        return path;
    }
}
