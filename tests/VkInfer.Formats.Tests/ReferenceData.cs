namespace VkInfer.Formats.Tests;

/// <summary>Finds the reference files below the folder that the environment variable VKINFER_TEST_DATA names.</summary>
internal static class ReferenceData
{
    /// <summary>
    /// Full path of a reference file or folder: the test is skipped where the variable is unset, and fails where it is missing.
    /// </summary>
    public static string Path(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("VKINFER_TEST_DATA");
        if (string.IsNullOrEmpty(root))
        {
            Assert.Ignore("VKINFER_TEST_DATA is not set: no reference files");
        }

        string path = System.IO.Path.Combine([root!, .. parts]);
        Assert.That(System.IO.Path.Exists(path), Is.True, $"VKINFER_TEST_DATA is set, but {path} is missing");
        return path;
    }
}
