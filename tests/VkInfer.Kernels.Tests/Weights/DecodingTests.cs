using System.Runtime.InteropServices;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests;

/// <summary>
/// Every format as the shaders decode it from its packed layout, through the embedding: equal to the CPU's values, which are those of
/// stored vectors, or of ggml's decoder (BlockDigestTests). Nothing is lost by packing, and no product is rounded that the format's
/// definition does not round.
/// </summary>
public sealed class DecodingTests : GpuTest
{
    private static readonly WeightType[] Stored =
        [.. Enum.GetValues<WeightType>().Where(type => type is > WeightType.F32 and <= WeightType.IQ4_XS)];

    [Test]
    public void Decoding_is_exact([Values] WeightType type, [Values(32, 96, 320)] int columns) =>
        Check(TestWeights.Create(type, 37, TestWeights.WholeBlocks(type, columns), 9));

    [TestCase(WeightType.F32)]
    [TestCase(WeightType.F16)]
    [TestCase(WeightType.BF16)]
    public void Columns_of_plain_formats_need_no_multiple(WeightType type) => Check(TestWeights.Create(type, 5, 111, 10));

    [TestCaseSource(nameof(Stored))]
    public void Stored_vectors_are_decoded_exactly(WeightType type)
    {
        string name = type.ToString().ToLowerInvariant().Replace("_k", "_K", StringComparison.Ordinal);
        var weights = TestWeights.Of(type, 4, 512, File.ReadAllBytes(ReferenceData.Find("quant-vectors", $"{name}.bin")));
        byte[] expected = File.ReadAllBytes(ReferenceData.Find("quant-vectors", $"{name}.f32"));
        Assert.That(Decode(weights), Is.EqualTo(MemoryMarshal.Cast<byte, float>(expected).ToArray()));
    }

    [Test]
    public void Rows_that_are_no_whole_blocks_are_refused([Values(WeightType.Q5_0, WeightType.Q4_K)] WeightType type)
    {
        int columns = WeightLayout.BlockSize(type) + 16;
        Assert.That(
            () => WeightLayout.SizeInBytes(type, 1, columns), Throws.ArgumentException.With.Message.Contain($"got {columns} columns"));
    }

    private static void Check(TestWeights weights)
    {
        float[] decoded = Decode(weights);
        int padded = WeightLayout.PadColumns(weights.Columns);
        for (int row = 0; row < weights.Rows; row++)
        {
            double[] values = weights.Values.AsSpan(row * weights.Columns, weights.Columns).ToArray();
            float[] expected = [.. values.Select(value => (float)value), .. new float[padded - weights.Columns]];
            Assert.That(decoded.AsSpan(row * padded, padded).ToArray(), Is.EqualTo(expected), $"row {row}");
        }
    }

    private static float[] Decode(TestWeights weights)
    {
        using var harness = new KernelHarness();
        WeightMatrix matrix = weights.Upload(harness);
        GpuBuffer ids = harness.Upload<uint>(Enumerable.Range(0, weights.Rows).Select(id => (uint)id).ToArray());
        float[] values = new float[weights.Rows * matrix.KPadded];
        values.AsSpan().Fill(float.NaN);
        GuardedBuffer hidden = harness.Output<float>(values);
        harness.Run(commands => new EmbedKernel(harness.Context).Record(commands, matrix, ids, 0, hidden.View, weights.Rows));
        return hidden.Read<float>();
    }
}
