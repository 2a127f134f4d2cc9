using VkInfer.Kernels;

namespace VkInfer.Tests;

/// <summary>Where the models of the tests come from.</summary>
internal static class TestModels
{
    /// <summary>The device under test; software unless the environment names another.</summary>
    public static string Device => Environment.GetEnvironmentVariable("VKINFER_TEST_DEVICE") ?? "software";

    public static bool Validation => Environment.GetEnvironmentVariable("VKINFER_VALIDATION") == "1";

    public static ModelOptions Options(KvType kvType = KvType.F32, int? contextLength = null, int chunk = 64) =>
        new() { Device = Device, KvType = kvType, ContextLength = contextLength, Validation = Validation, PrefillChunk = chunk };

    /// <summary>A file of the test data; ignores the test where no test data is set, fails where the file is missing.</summary>
    public static string DataFile(string relative)
    {
        string? root = Environment.GetEnvironmentVariable("VKINFER_TEST_DATA");
        if (string.IsNullOrEmpty(root))
        {
            Assert.Ignore("VKINFER_TEST_DATA is not set.");
        }

        string path = Path.Combine(root!, relative);
        Assert.That(File.Exists(path), $"{path} is missing");
        return path;
    }

    public static string Stories => DataFile("models/stories260K-tied-f32.gguf");
}
