using VkInfer.Vulkan;

namespace VkInfer.Testing;

/// <summary>
/// The device of this test process, opened once. <c>VKINFER_TEST_DEVICE</c> selects it (default <c>software</c>);
/// <c>VKINFER_VALIDATION=1</c> turns the validation layer on. A software device that is missing is a failure, not a skip.
/// </summary>
public static class GpuFixture
{
    private static readonly Lazy<VulkanInstance> LazyInstance = new(() => VulkanInstance.Create(new VulkanInstanceOptions
    {
        ApplicationName = "VkInfer tests",
        Validation = IsValidating,
        CacheFolder = Path.Combine(Path.GetTempPath(), "vkinfer-test-cache"),
    }));

    private static readonly Lazy<GpuDevice> LazyDevice = new(() => Instance.Open(Instance.Select(Selector)));

    public static bool IsValidating => Environment.GetEnvironmentVariable("VKINFER_VALIDATION") == "1";

    public static DeviceSelector Selector => DeviceSelector.Parse(
        Environment.GetEnvironmentVariable("VKINFER_TEST_DEVICE") is { Length: > 0 } text ? text : "software");

    public static VulkanInstance Instance => LazyInstance.Value;

    public static GpuDevice Device => LazyDevice.Value;
}
