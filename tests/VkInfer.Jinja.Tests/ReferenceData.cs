namespace VkInfer.Jinja.Tests;

/// <summary>Finds the reference files below the folder that the environment variable VKINFER_TEST_DATA names.</summary>
internal static class ReferenceData
{
    public static string? Root => Environment.GetEnvironmentVariable("VKINFER_TEST_DATA") is { Length: > 0 } root ? root : null;

    public static string Find(params string[] parts)
    {
        if (Root is null)
        {
            Assert.Ignore("VKINFER_TEST_DATA is not set: no reference files");
        }

        string path = Path.Combine([Root!, .. parts]);
        Assert.That(File.Exists(path), Is.True, $"VKINFER_TEST_DATA is set, but {path} is missing");
        return path;
    }
}
