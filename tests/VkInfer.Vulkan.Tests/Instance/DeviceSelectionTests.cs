using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class DeviceSelectionTests
{
    private static readonly PhysicalDeviceInfo[] Machine =
    [
        Make(0, "llvmpipe (LLVM)", DeviceType.Software),
        Make(1, "Intel Iris Xe", DeviceType.Integrated),
        Make(2, "NVIDIA Small", DeviceType.Discrete, 8),
        Make(3, "NVIDIA Big", DeviceType.Discrete, 24),
        Make(4, "Ancient GPU", DeviceType.Discrete, 64) with { UnsupportedReason = "it has Vulkan 1.1, and 1.3 is needed" },
    ];

    [TestCase(null, 3)]
    [TestCase("", 3)]
    [TestCase("auto", 3)]
    [TestCase("AUTO ", 3)]
    [TestCase("0", 0)]
    [TestCase("2", 2)]
    [TestCase("4", 4)]
    [TestCase("discrete", 3)]
    [TestCase("Integrated", 1)]
    [TestCase("software", 0)]
    [TestCase("cpu", 0)]
    [TestCase("iris", 1)]
    [TestCase("nvidia s", 2)]
    public void Selectors_choose_what_they_say(string? text, int expected)
        => Assert.That(DeviceSelector.Parse(text).Choose(Machine)?.Index, Is.EqualTo(expected));

    [TestCase("9")]
    [TestCase("-1")]
    [TestCase("virtual")]
    [TestCase("radeon")]
    [TestCase("ancient")]
    public void Selectors_that_match_nothing(string text)
        => Assert.That(DeviceSelector.Parse(text).Choose(Machine), Is.Null);

    [Test]
    public void Auto_falls_back_to_software()
        => Assert.That(DeviceSelector.Auto.Choose(Machine[..1])?.Index, Is.Zero);

    [TestCase("auto")]
    [TestCase("3")]
    [TestCase("discrete")]
    [TestCase("some name")]
    public void To_string_reads_back(string text)
        => Assert.That(DeviceSelector.Parse(DeviceSelector.Parse(text).ToString()), Is.EqualTo(DeviceSelector.Parse(text)));

    [Test]
    public void Not_found_lists_what_is_there()
    {
        DeviceNotFoundException exception = Assert.Throws<DeviceNotFoundException>(
            () => GpuFixture.Instance.Select(DeviceSelector.Parse("no such device")))!;
        Assert.That(exception.Message, Does.Contain("no such device").And.Contain(GpuFixture.Instance.Devices[0].Name));
    }

    [Test]
    public void Capabilities_are_what_the_device_can_say_of_itself()
    {
        PhysicalDeviceInfo info = GpuFixture.Instance.Select(GpuFixture.Selector);
        DeviceCapabilities capabilities = info.Capabilities;
        Assert.Multiple(() =>
        {
            Assert.That(info.ApiVersion, Does.StartWith("1."));
            Assert.That(info.Uuid, Has.Length.EqualTo(32));
            Assert.That(info.DriverName, Is.Not.Empty);
            Assert.That(int.IsPow2(capabilities.SubgroupSize));
            Assert.That(capabilities.SubgroupSize, Is.InRange(capabilities.MinSubgroupSize, capabilities.MaxSubgroupSize));
            Assert.That(capabilities.MaxSharedMemoryBytes, Is.AtLeast(16384));
            Assert.That(capabilities.MaxPushConstantBytes, Is.AtLeast(128));
            Assert.That(capabilities.MaxStorageBufferRange, Is.AtLeast(1L << 27));
            Assert.That(capabilities.MaxBufferSize, Is.AtLeast(1L << 30));
            Assert.That(capabilities.MaxWorkgroupInvocations, Is.AtLeast(128));
            Assert.That(capabilities.Heaps, Has.Some.Matches<MemoryHeap>(heap => heap.DeviceLocal));
            Assert.That(capabilities.TimestampPeriodNanoseconds, Is.GreaterThan(0));
        });
    }

    private static PhysicalDeviceInfo Make(int index, string name, DeviceType type, int gibibytes = 2) => new()
    {
        Index = index,
        Name = name,
        Type = type,
        VendorId = 0,
        DeviceId = 0,
        DriverName = "test",
        DriverVersion = "1",
        ApiVersion = "1.3.0",
        Uuid = string.Empty,
        Capabilities = new DeviceCapabilities { Heaps = [new MemoryHeap((long)gibibytes << 30, DeviceLocal: true, HostVisible: false)] },
    };
}
