using System.Globalization;
using VkInfer.Kernels;
using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

/// <summary>Profiles take away from what a device reports, and what they take away is gone.</summary>
public sealed class DeviceProfileTests
{
    private static IEnumerable<string> Names => DeviceProfiles.All.Select(profile => profile.Name);

    [TestCaseSource(nameof(Names))]
    public void A_profile_only_takes_away(string name)
    {
        DeviceProfile profile = Find(name);
        DeviceCapabilities all = Select(new DeviceProfile { Name = "all" }).Capabilities;
        DeviceCapabilities some = Select(profile).Capabilities;
        Assert.Multiple(() =>
        {
            Assert.That(some.MaxSharedMemoryBytes, Is.EqualTo(Math.Min(all.MaxSharedMemoryBytes, profile.SharedMemoryBytes)));
            long ofSubgroups = some.SubgroupSizeVaries ? (long)some.SubgroupSize * some.MaxWorkgroupSubgroups : long.MaxValue;
            Assert.That(some.MaxWorkgroupInvocations, Is.EqualTo(
                Math.Min(ofSubgroups, Math.Min(all.MaxWorkgroupInvocations, profile.WorkgroupInvocations))));
            Assert.That(some.MaxWorkgroupSize.X, Is.AtMost(Math.Min(all.MaxWorkgroupSize.X, profile.WorkgroupInvocations)));
            Assert.That(some.MaxPushConstantBytes, Is.EqualTo(Math.Min(all.MaxPushConstantBytes, profile.PushConstantBytes)));
            Assert.That(some.MaxStorageBufferRange, Is.EqualTo(Math.Min(all.MaxStorageBufferRange, profile.StorageBufferRange)));
            Assert.That(some.MaxBufferSize, Is.AtMost(Math.Min(all.MaxBufferSize, profile.AllocationBytes)));
            Assert.That(some.StorageBufferOffsetAlignment, Is.EqualTo(Math.Max(all.StorageBufferOffsetAlignment, profile.OffsetAlignment)));
            Assert.That(some.Float16, Is.EqualTo(all.Float16 && profile.Float16));
            Assert.That(some.Int8, Is.EqualTo(all.Int8 && profile.SmallIntegers));
            Assert.That(some.Int16, Is.EqualTo(all.Int16 && profile.SmallIntegers));
            Assert.That(some.Int64, Is.EqualTo(all.Int64 && profile.Int64));
            Assert.That(some.Storage16, Is.EqualTo(all.Storage16 && profile.Storage16));
            Assert.That(some.Storage8, Is.EqualTo(all.Storage8 && profile.Storage8));
            Assert.That(some.IntegerDotProduct, Is.EqualTo(all.IntegerDotProduct && profile.IntegerDotProduct));
            Assert.That(some.IntegerDotProductAccelerated, Is.EqualTo(
                all.IntegerDotProductAccelerated && profile is { IntegerDotProduct: true, IntegerDotProductAccelerated: true }));
            Assert.That(some.SubgroupSizeControl, Is.EqualTo(all.SubgroupSizeControl && profile.SubgroupSizeControl));
            Assert.That(some.MinSubgroupSize, Is.AtLeast(all.MinSubgroupSize));
            Assert.That(some.MaxSubgroupSize, Is.AtMost(all.MaxSubgroupSize));
            Assert.That(some.SubgroupSize, Is.InRange(some.MinSubgroupSize, some.MaxSubgroupSize));
            Assert.That(some.CooperativeMatrixShapes, Is.SubsetOf(all.CooperativeMatrixShapes));
            Assert.That(some.TimestampsSupported, Is.EqualTo(all.TimestampsSupported && profile.Timestamps));
            Assert.That(some.MemoryBudget, Is.EqualTo(all.MemoryBudget && profile.MemoryBudget));
            Assert.That(some.HostVisibleDeviceLocal, Is.EqualTo(all.HostVisibleDeviceLocal && profile.HostVisibleDeviceLocal));
            Assert.That(some.TransferQueue, Is.EqualTo(all.TransferQueue && profile.TransferQueue));
        });
    }

    [TestCaseSource(nameof(Names))]
    public void A_device_runs_under_its_profile_or_says_what_it_lacks(string name)
    {
        using VulkanInstance instance = Create(Find(name));
        PhysicalDeviceInfo info = instance.Devices[GpuFixture.Device.Info.Index];
        if (name == "raspberry-pi-4")
        {
            Assert.That(info.UnsupportedReason, Is.EqualTo(
                "it lacks subgroup arithmetic in compute shaders, subgroup shuffles in compute shaders, subgroup votes in compute shaders"));
            Assert.That(() => instance.Open(info), Throws.TypeOf<VulkanException>().With.Message.Contains("subgroup arithmetic"));
            return;
        }

        using GpuDevice device = instance.Open(info);
        using GpuBuffer source = device.CreateBuffer(4096, BufferKind.DeviceLocal, "source");
        using GpuBuffer result = device.CreateBuffer(4096, BufferKind.DeviceLocal, "result");
        Probe.Upload(device, source, Probe.Numbers(1024));
        using CommandList commands = device.CreateCommandList("probe");
        commands.Record(list => Probe.Record(list, Probe.Pipeline(device), source, result, 7));
        device.Wait(device.Submit(commands));
        Assert.That(Probe.Download(device, result), Is.EqualTo(Probe.Numbers(1024, 7)));
    }

    [Test]
    public void A_device_without_buffer_addresses_is_refused_by_name()
    {
        using VulkanInstance instance = Create(new DeviceProfile { Name = "no-addresses", BufferDeviceAddress = false });
        PhysicalDeviceInfo info = instance.Devices[GpuFixture.Device.Info.Index];
        Assert.That(info.UnsupportedReason, Is.EqualTo("it lacks buffer device addresses"));
        Assert.That(() => instance.Open(info), Throws.TypeOf<VulkanException>().With.Message.Contains("buffer device addresses"));
    }

    [Test]
    public void A_device_that_chooses_among_subgroup_sizes_by_itself_is_refused_by_name()
    {
        var profile = new DeviceProfile { Name = "any-size", Subgroups = (32, 8, 32), SubgroupSizeControl = false };
        Assert.That(
            Select(profile).UnsupportedReason, Is.EqualTo("it lacks a choice of the subgroup size, of which it has several"));
    }

    [Test]
    public void Workgroups_keep_to_the_subgroups_that_may_be_asked_for()
    {
        DeviceCapabilities some = Select(Find("intel-uhd")).Capabilities;
        Assert.That(some.SubgroupSizeVaries);
        Assert.That(some.MaxWorkgroupInvocations, Is.AtMost((long)some.SubgroupSize * some.MaxWorkgroupSubgroups));
    }

    [TestCase("gemv_qkv_q8_0_kvf16", "StorageBuffer16BitAccess")]
    [TestCase("gemv_store_q8_0_dot", "DotProduct")]
    public void A_shader_that_uses_what_a_profile_lacks_is_refused_though_the_driver_would_run_it(string variant, string capability)
    {
        Assume.That(ShaderLibrary.Contains(variant), "the compiler of this build left it out");
        using VulkanInstance instance = Create(Find("vulkan-minimum"));
        using GpuDevice device = instance.Open(instance.Devices[GpuFixture.Device.Info.Index]);
        Assert.That(
            () => device.GetPipeline(ShaderLibrary.Get(variant), SpecializationConstants.From((0, 64))),
            Throws.ArgumentException.With.Message.Contains(variant).And.Message.Contains(capability));
    }

    [Test]
    public void A_workgroup_beyond_a_profile_is_refused()
    {
        using VulkanInstance instance = Create(Find("vulkan-minimum"));
        using GpuDevice device = instance.Open(instance.Devices[GpuFixture.Device.Info.Index]);
        Assert.That(
            () => device.GetPipeline(Probe.Shader, SpecializationConstants.From((0, 256))),
            Throws.ArgumentException.With.Message.Contains("256x1x1").And.Message.Contains("128 invocations"));
    }

    [Test]
    public void Memory_that_the_host_does_not_reach_is_staged()
    {
        using VulkanInstance instance = Create(new DeviceProfile { Name = "discrete", HostVisibleDeviceLocal = false });
        using GpuDevice device = instance.Open(instance.Devices[GpuFixture.Device.Info.Index]);
        using GpuBuffer buffer = device.CreateBuffer(1 << 20, BufferKind.DeviceLocal, "far");
        using GpuBuffer near = device.CreateBuffer(1 << 10, BufferKind.HostWritable, "near");
        Probe.Upload(device, buffer, Probe.Numbers(1 << 18));
        Assert.Multiple(() =>
        {
            Assert.That(buffer.IsMapped, Is.False);
            Assert.That(near.IsMapped);
            Assert.That(Probe.Download(device, buffer), Is.EqualTo(Probe.Numbers(1 << 18)));
        });
    }

    [Test]
    public void Names_are_unique_and_every_profile_names_its_source() => Assert.Multiple(() =>
    {
        Assert.That(Names, Is.Unique);
        Assert.That(DeviceProfiles.All.Select(profile => profile.Source), Has.None.Empty);
        Assert.That(DeviceProfiles.All.Select(profile => profile.Models), Has.None.Empty);
    });

    [Test]
    public void The_table_in_the_documentation_is_the_one_in_the_code()
    {
        Assume.That(Repository.Root, Is.Not.Null, "the tests run outside the repository");
        string text = File.ReadAllText(Path.Combine(Repository.Root!, "docs", "devices.md"));
        Assert.Multiple(() =>
        {
            foreach (DeviceProfile profile in DeviceProfiles.All)
            {
                Assert.That(text, Does.Contain(Row(profile)));
            }
        });
    }

    private static string Row(DeviceProfile profile)
    {
        const string AsTheDriver = "—";
        string Number(long value, long none) => value == none ? AsTheDriver : value.ToString(CultureInfo.InvariantCulture);
        string[] cells =
        [
            $"`{profile.Name}`",
            profile.Models,
            profile.Subgroups is var (usual, min, max) ? $"{usual}, {min} to {max}" : AsTheDriver,
            profile.SharedMemoryBytes == int.MaxValue ? AsTheDriver : $"{profile.SharedMemoryBytes >> 10}",
            Number(profile.WorkgroupInvocations, int.MaxValue),
            Number(profile.PushConstantBytes, int.MaxValue),
            profile.StorageBufferRange switch
            {
                long.MaxValue => AsTheDriver,
                >= 1L << 30 => $"{profile.StorageBufferRange >> 30} GiB",
                _ => $"{profile.StorageBufferRange >> 20} MiB",
            },
            Number(profile.OffsetAlignment, 1),
            profile.Float16 ? AsTheDriver : "no",
            (profile.Storage16, profile.Storage8) switch
            {
                (true, true) => AsTheDriver,
                (false, false) => "no 16, no 8",
                (false, true) => "no 16",
                _ => "no 8",
            },
            !profile.IntegerDotProduct ? "none at all" : profile.IntegerDotProductAccelerated ? AsTheDriver : "no",
            profile.MatrixShapes is not { } shapes
                ? AsTheDriver
                : shapes.Count == 0 ? "none" : string.Join(", ", shapes.Select(shape => $"{shape.M}×{shape.N}×{shape.K}")),
            profile.Source,
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    private static DeviceProfile Find(string name) => DeviceProfiles.All.Single(profile => profile.Name == name);

    private static VulkanInstance Create(DeviceProfile profile) =>
        VulkanInstance.Create(new VulkanInstanceOptions { CacheFolder = "off", Profile = profile });

    private static PhysicalDeviceInfo Select(DeviceProfile profile)
    {
        using VulkanInstance instance = Create(profile);
        return instance.Devices[GpuFixture.Device.Info.Index];
    }
}
