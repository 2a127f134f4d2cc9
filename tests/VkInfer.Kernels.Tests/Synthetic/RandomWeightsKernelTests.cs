using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>Random weights are read back through the embedding, so that both kernels and the layout are checked by one decoder.</summary>
public sealed class RandomWeightsKernelTests : GpuTest
{
    [Test]
    public void Weights_are_finite_spread_and_seeded([Values] WeightType type)
    {
        int columns = TestWeights.WholeBlocks(type, 320);
        float[] first = Rows(type, 64, columns, 1);
        float mean = first.Average();
        double deviation = Math.Sqrt(first.Average(w => (w - mean) * (w - mean)));
        Assert.That(first, Is.All.Matches<float>(float.IsFinite));
        Assert.That(deviation, Is.EqualTo(0.02).Within(0.001));
        Assert.That(Rows(type, 64, columns, 1), Is.EqualTo(first));
        Assert.That(Rows(type, 64, columns, 2), Is.Not.EqualTo(first));
    }

    [TestCase(WeightType.F32, 111)]
    [TestCase(WeightType.F16, 111)]
    [TestCase(WeightType.BF16, 111)]
    public void Padding_is_zero(WeightType type, int columns)
    {
        int padded = WeightLayout.PadColumns(columns);
        float[] rows = Rows(type, 5, columns, 3);
        for (int row = 0; row < 5; row++)
        {
            Assert.That(rows.AsSpan((row * padded) + columns, padded - columns).ToArray(), Is.All.Zero);
            Assert.That(rows.AsSpan(row * padded, columns).ToArray().Count(w => w != 0), Is.GreaterThan(columns * 3 / 4));
        }
    }

    [Test]
    public void Blocks_that_need_padding_are_refused() =>
        Assert.That(() => Rows(WeightType.Q4_0, 5, 96, 3), Throws.ArgumentException.With.Message.Contain("multiple of 64 columns, got 96"));

    private static float[] Rows(WeightType type, int rows, int columns, uint seed)
    {
        var context = new KernelContext(Device);
        using GpuBuffer packed = Device.CreateBuffer(WeightLayout.SizeInBytes(type, rows, columns), BufferKind.DeviceLocal, "packed");
        using GpuBuffer ids = Device.CreateBuffer(rows * sizeof(uint), BufferKind.HostWritable, "ids");
        using GpuBuffer hidden =
            Device.CreateBuffer((long)rows * WeightLayout.PadColumns(columns) * sizeof(float), BufferKind.DeviceLocal, "hidden");
        ids.Write(0, Enumerable.Range(0, rows).Select(i => (uint)i).ToArray().AsSpan());
        WeightMatrix matrix = WeightMatrix.FromPacked(type, rows, columns, packed);
        Run(commands =>
        {
            new RandomWeightsKernel(context).Record(commands, matrix, seed);
            new EmbedKernel(context).Record(commands, matrix, ids, 0, hidden, rows);
        });
        float[] values = new float[rows * WeightLayout.PadColumns(columns)];
        Device.Download(hidden, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
