using VkInfer.Testing;

namespace VkInfer.Vulkan.Tests;

public sealed class PipelineTests : GpuTest
{
    [Test]
    public void One_pipeline_for_equal_shaders_and_constants()
    {
        var copy = new ShaderCode(Probe.Shader.Name, Probe.Shader.SpirV.ToArray());
        ComputePipeline one = Device.GetPipeline(Probe.Shader, SpecializationConstants.From((0, 32)));
        Assert.That(Device.GetPipeline(copy, SpecializationConstants.From((0, 32))), Is.SameAs(one));
        Assert.That(Device.GetPipeline(Probe.Shader, SpecializationConstants.From((0, 16))), Is.Not.SameAs(one));
    }

    [Test]
    public void Limits_of_the_device_are_checked()
    {
        DeviceCapabilities limits = Device.Capabilities;
        AssertRefused("a workgroup of", () => Device.GetPipeline(
            Probe.Shader, SpecializationConstants.From((0, (uint)limits.MaxWorkgroupInvocations + 1))));
        AssertRefused("a workgroup of 0x1x1", () => Device.GetPipeline(Probe.Shader, SpecializationConstants.From((0, 0))));
        AssertRefused("subgroups of", () => Device.GetPipeline(
            Probe.Shader, SpecializationConstants.From((0, 64)), limits.MaxSubgroupSize * 2));
    }

    [Test]
    public void A_required_subgroup_size_is_taken()
    {
        if (!Device.Capabilities.SubgroupSizeControl)
        {
            Assert.Ignore("The device has no subgroup size control.");
        }

        int size = Device.Capabilities.MaxSubgroupSize;
        using GpuBuffer buffer = Device.CreateBuffer(1024, BufferKind.DeviceLocal, "a");
        using GpuBuffer result = Device.CreateBuffer(1024, BufferKind.DeviceLocal, "b");
        Probe.Upload(Device, buffer, Probe.Numbers(256));
        ComputePipeline pipeline = Device.GetPipeline(
            Probe.Shader, SpecializationConstants.From((0, Probe.WorkgroupSize)), size, Device.Capabilities.ComputeFullSubgroups);
        Run(commands => Probe.Record(commands, pipeline, buffer, result, 3));
        Assert.That(Probe.Download(Device, result), Is.EqualTo(Probe.Numbers(256, 3)));
    }

    [Test]
    public void Statistics_are_null_unless_asked_for() => Assert.That(Probe.Pipeline(Device).GetStatistics(), Is.Null);

    [Test]
    public void Constants_are_equal_by_value_and_ids_are_unique()
    {
        var one = SpecializationConstants.From((1, 10), (0, 5));
        Assert.That(one, Is.EqualTo(SpecializationConstants.From((0, 5), (1, 10))));
        Assert.That(one.GetHashCode(), Is.EqualTo(SpecializationConstants.From((0, 5), (1, 10)).GetHashCode()));
        Assert.That(one, Is.Not.EqualTo(SpecializationConstants.From((0, 5))));
        Assert.That(SpecializationConstants.From(), Is.EqualTo(default(SpecializationConstants)));
        Assert.Throws<ArgumentException>(() => SpecializationConstants.From((1, 1), (1, 2)));
    }

    private static void AssertRefused(string part, Action action)
        => Assert.That(Assert.Throws<ArgumentException>(action)!.Message, Does.Contain(part));
}
