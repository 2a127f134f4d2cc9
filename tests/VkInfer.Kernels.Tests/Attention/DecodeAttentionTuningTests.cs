using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>How decode attention is spread over a device with many cores.</summary>
public sealed class DecodeAttentionTuningTests : GpuTest
{
    private const int Cores = 132;

    /// <summary>Workgroups that four heads of 128 fill with registers: those beyond four a core cost 40 % on an H200.</summary>
    [Test]
    public void Workgroups_that_fill_a_core_are_resident_at_once(
        [Values(1, 2, 8, 32, 63)] int rows, [Values(KvType.F16, KvType.Q8_0)] KvType kvType)
    {
        AttentionShape shape = Shape(32, 8, kvType);
        var tuning = DecodeAttentionTuning.Choose(shape, Context(Device.Capabilities), rows);
        int workgroups = rows * shape.NumKvHeads * tuning.HeadBlocks * tuning.Splits;
        Assert.That(workgroups, Is.InRange(2 * Cores, 4 * Cores));
    }

    /// <summary>Eight subgroups a core, or a few less: more of them would wait for the others.</summary>
    [Test]
    public void Subgroups_on_matrix_units_are_resident_at_once([Values(1, 8, 16, 32)] int rows)
    {
        KernelContext context = Context(Device.Capabilities with
        {
            CooperativeMatrixShapes =
            [
                new(16, 8, 16, MatrixComponentType.Float16, MatrixComponentType.Float16, MatrixComponentType.Float32,
                    MatrixComponentType.Float32, false),
            ],
            Float16 = true,
            Storage16 = true,
            VulkanMemoryModel = true,
            SubgroupShuffle = true,
        });
        var matrix = DecodeAttentionMatrix.Choose(Shape(32, 8, KvType.Q8_0), context, rows);
        Assert.Multiple(() =>
        {
            Assert.That(rows * 8 * matrix?.Spread.Splits * matrix?.Spread.WorkgroupSize / 32, Is.InRange(7 * Cores, 8 * Cores));
            Assert.That(DecodeAttentionMatrix.Choose(Shape(32, 8, KvType.F16), context, rows), Is.Null);
            Assert.That(DecodeAttentionMatrix.Choose(Shape(32, 32, KvType.Q8_0), context, rows), Is.Null);
            Assert.That(
                DecodeAttentionMatrix.Choose(Shape(32, 8, KvType.Q8_0), context with { IsBatchInvariant = true }, rows), Is.Null);
        });
    }

    private KernelContext Context(DeviceCapabilities capabilities) => new(Device)
    {
        IsSoftware = false,
        Capabilities = capabilities with
        {
            SubgroupSize = 32,
            MinSubgroupSize = 32,
            MaxSubgroupSize = 32,
            MaxSharedMemoryBytes = 48 << 10,
            MaxWorkgroupInvocations = 1024,
            ShaderCoreCount = Cores,
        },
    };

    private static AttentionShape Shape(int heads, int kvHeads, KvType kvType) => new(
        heads, kvHeads, 128, 128, RopePairing.Interleaved, 32_768, kvType, (float)(1 / Math.Sqrt(128)));
}
