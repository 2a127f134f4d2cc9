namespace VkInfer.Cli.Tests;

/// <summary>The reference data, which does not belong to this repository.</summary>
internal static class TestData
{
    public const string Stories = "models/stories260K-tied-f32.gguf";

    /// <summary>Full path of a file; skips the test where there is no data, and fails it where the file is missing.</summary>
    public static string Path(string relative)
    {
        string? root = Environment.GetEnvironmentVariable("VKINFER_TEST_DATA");
        if (string.IsNullOrEmpty(root))
        {
            Assert.Ignore("VKINFER_TEST_DATA is not set: no reference data.");
        }

        string path = System.IO.Path.Combine(root!, relative);
        Assert.That(File.Exists(path), Is.True, $"{path} is missing.");
        return path;
    }
}
