using VkInfer.Kernels;
using VkInfer.Testing;

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
    public static string DataFile(string relative) => ReferenceData.Find(relative);

    public static string Stories => DataFile(ReferenceData.Stories);
}
