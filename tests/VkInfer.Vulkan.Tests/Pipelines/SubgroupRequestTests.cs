namespace VkInfer.Vulkan.Tests;

/// <summary>What pipelines ask of devices whose subgroups have several sizes; none is at hand.</summary>
[Category("Host")]
public sealed class SubgroupRequestTests
{
    // Intel's: 8 to 32.
    private static readonly DeviceCapabilities Range = new()
    {
        SubgroupSize = 32,
        MinSubgroupSize = 8,
        MaxSubgroupSize = 32,
        SubgroupSizeVaries = true,
        SubgroupSizeControl = true,
        ComputeFullSubgroups = true,
        MaxWorkgroupSubgroups = 16,
    };

    [TestCase(256, true)]
    [TestCase(32, true)]
    [TestCase(16, false)]
    [TestCase(48, false)]
    public void The_usual_size_is_asked_for_where_the_driver_may_take_another(int threads, bool isFull) => Assert.That(
        SubgroupRequest.Of(Range, Workgroup(threads), null, false), Is.EqualTo(new SubgroupRequest(32, isFull)));

    [Test]
    public void A_kernel_may_want_another_size() => Assert.That(
        SubgroupRequest.Of(Range, Workgroup(48), 16, false), Is.EqualTo(new SubgroupRequest(16, true)));

    [Test]
    public void Nothing_is_asked_of_a_device_with_one_size()
    {
        DeviceCapabilities one = Range with { MinSubgroupSize = 32, SubgroupSizeVaries = false };
        Assert.That(SubgroupRequest.Of(one, Workgroup(64), null, false), Is.EqualTo(new SubgroupRequest(null, true)));
        Assert.That(
            SubgroupRequest.Of(one with { ComputeFullSubgroups = false }, Workgroup(64), null, false),
            Is.EqualTo(default(SubgroupRequest)));
    }

    [Test]
    public void What_the_device_has_not_is_told() => Assert.Multiple(() =>
    {
        Assert.That(Problem(new(32, true), 512), Is.Null);
        Assert.That(Problem(new(32, true), 544), Is.EqualTo(("544 invocations in subgroups of 32", "16 subgroups in a workgroup")));
        Assert.That(Problem(new(32, true), 48), Is.EqualTo(("full subgroups in a workgroup of 48x1x1", "subgroups of 32")));
        Assert.That(Problem(new(64, false), 64), Is.EqualTo(("subgroups of 64", "8 to 32")));
        Assert.That(Problem(new(4, false), 64), Is.EqualTo(("subgroups of 4", "8 to 32")));
    });

    private static (string Wanted, string Available)? Problem(SubgroupRequest request, int threads) =>
        request.Problem(Range, Workgroup(threads));

    private static WorkgroupUsage Workgroup(int threads) => new(threads, 1, 1, 0);
}
