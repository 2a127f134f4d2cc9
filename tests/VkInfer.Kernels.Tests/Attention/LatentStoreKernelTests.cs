using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Latents on their way to the cache, and the rotated parts of queries, against double precision.</summary>
[TestFixture]
public sealed class LatentStoreKernelTests : GpuTest
{
    private const int Capacity = 130;
    private const int Rows = 6;
    private const float Epsilon = 1e-5f;

    [Test]
    public void Matches_the_reference(
        [Values] RopePairing pairing, [Values] KvType kvType, [Values] bool step, [Values(24, 512)] int rank, [Values(0, 77)] int position)
    {
        var shape = new LatentShape(5, 12, 8, rank, pairing);
        const int At = 20;
        int width = At + shape.KeyDim;
        int count = step ? 1 : Rows;
        float[] latents = TestValues.Normal(count * width, 1);
        float[] queries = TestValues.Normal(count * shape.NumHeads * shape.HeadDim, 2);
        float[] query = TestValues.Normal(count * shape.NumHeads * shape.KeyDim, 3);
        float[] gain = TestValues.Normal(rank, 4);
        var attention = new AttentionShape(shape.NumHeads, 1, shape.KeyDim, shape.RopeDim, pairing, Capacity, kvType, 1)
        {
            HasKeysAsValues = true,
        };
        using var harness = new KernelHarness();
        PagedCache cache = harness.Pages(attention, null, null, group: 1);
        GuardedBuffer output = harness.OutputActivations(query, count, shape.NumHeads * shape.KeyDim, ActivationType.F32);
        var rows = new LatentRows(
            harness.UploadActivations(latents, count, width, ActivationType.F32), width, At,
            harness.UploadActivations(queries, count, shape.NumHeads * shape.HeadDim, ActivationType.F32), shape.NumHeads * shape.HeadDim,
            output.View, harness.Upload<float>(RotationReference.RopeTable(attention)), harness.Upload<float>(gain), Epsilon);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()));
        RowList list = harness.Rows([.. Enumerable.Range(0, count).Select(i => new RowEntry((uint)i, (uint)(position + i), 0, 0))]);
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = (uint)position }]);
        harness.Run(commands =>
        {
            var kernel = new LatentStoreKernel(harness.Context);
            if (step)
            {
                kernel.RecordStep(commands, shape, rows, kvType, state, cache.Layer, cache.Blocks, Capacity);
            }
            else
            {
                kernel.RecordRows(commands, shape, rows, kvType, list, sequences, cache.Layer, count);
            }
        });

        float[] keys = cache.Read().Keys;
        double[] expectedQuery = [.. query.Select(value => (double)value)];
        for (int i = 0; i < count; i++)
        {
            Span<float> latent = latents.AsSpan((i * width) + At, rank);
            double squares = 0;
            foreach (float value in latent)
            {
                squares += (double)value * value;
            }

            double scale = 1 / Math.Sqrt((squares / rank) + Epsilon);
            double[] expected =
            [
                .. latent.ToArray().Select((value, j) => value * scale * gain[j]),
                .. Rotated(latents.AsSpan((i * width) + At + rank, shape.RopeDim), position + i, pairing),
            ];
            Span<float> stored = keys.AsSpan((position + i) * shape.KeyDim, shape.KeyDim);
            Comparison.AssertClose(stored, expected, CachedTokens.StoredBound(kvType), $"key {i}");
            stored.Fill(float.NaN);
            for (int head = 0; head < shape.NumHeads; head++)
            {
                int from = (((i * shape.NumHeads) + head) * shape.HeadDim) + shape.NopeDim;
                Rotated(queries.AsSpan(from, shape.RopeDim), position + i, pairing)
                    .CopyTo(expectedQuery, (((i * shape.NumHeads) + head) * shape.KeyDim) + rank);
            }
        }

        Assert.That(keys, Is.All.NaN, "what no row stores");
        Comparison.AssertClose(
            KernelHarness.ReadActivations(output, count, shape.NumHeads * shape.KeyDim, ActivationType.F32), expectedQuery, Bounds.F32);
    }

    private static double[] Rotated(ReadOnlySpan<float> part, int position, RopePairing pairing)
    {
        double[] result = new double[part.Length];
        for (int pair = 0; pair < part.Length / 2; pair++)
        {
            int first = pairing == RopePairing.Interleaved ? 2 * pair : pair;
            int second = pairing == RopePairing.Interleaved ? first + 1 : first + (part.Length / 2);
            (double sin, double cos) = Math.SinCos(position * Math.Pow(10000, -2.0 * pair / part.Length));
            result[first] = (part[first] * cos) - (part[second] * sin);
            result[second] = (part[first] * sin) + (part[second] * cos);
        }

        return result;
    }
}
