using VkInfer.Formats;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Matrix units that have float32 sums alone, as Intel's: no form asks for others, and products stay on them.</summary>
[TestFixture]
[Category("CooperativeMatrix")]
public sealed class HalfSumTests : GpuTest
{
    private const WeightType Type = WeightType.F16;

    [Test]
    public void Products_take_forms_that_the_device_has()
    {
        if (MatrixUnits.Find(Device.Capabilities) is not { } shape || !ShaderLibrary.Contains("gemm_f16_f16_coopmat"))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
            return;
        }

        var profile = new DeviceProfile { Name = "float32-sums", MatrixShapes = [(shape.M, shape.N, shape.K)] };
        using var instance = VulkanInstance.Create(new VulkanInstanceOptions { CacheFolder = "off", Profile = profile });
        using GpuDevice device = instance.Open(instance.Devices[Device.Info.Index]);
        var context = new KernelContext(device) { IsSoftware = false };
        var kernel = new GemmKernel(context);
        SelfTestCase product = LinearCases.Matrix(context, Type, 512, 512, ActivationType.F16, 24);
        SelfTestCase[] cases = [product, RowCases.Activate(context, ActivationFunction.Silu, gated: true, ActivationType.F16)];
        var limits = new SelfTestLimits(TimeSpan.FromMinutes(10), CountsPipelines: false, TimeSpan.FromMinutes(10));
        IReadOnlyList<SelfTestResult> results = KernelSelfTest.Run(context, Decode, cases, limits, default, out _);
        Assert.Multiple(() =>
        {
            Assert.That(kernel.PreferredInput(Type), Is.EqualTo(ActivationType.F16));
            Assert.That(kernel.CanStoreF16(Type), Is.False);
            Assert.That(GemmHeuristic.GatedMatrix(context.Capabilities, 512, 1024, 512), Is.Null);
            Assert.That(
                new PrefillAttentionKernel(context).QueryType(new(4, 4, 64, 64, RopePairing.SplitHalf, 64, KvType.F16, 1)),
                Is.EqualTo(ActivationType.F32));
            Assert.That(results, Has.Count.EqualTo(cases.Length));
            Assert.That(results.Select(result => result.Problem), Has.All.Null);
        });
    }

    private static void Decode(WeightType type, ReadOnlySpan<byte> source, Span<float> values) =>
        Dequantizer.ToFloat32(Enum.Parse<GgufTensorType>(type.ToString()), source, values);
}
