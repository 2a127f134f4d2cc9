using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Statistics of attention scores, which are exact where the scores are.</summary>
[TestFixture]
public sealed class ScoreStatisticsKernelTests : GpuTest
{
    private const int SeqLen = 40;
    private const int StartPosition = 30;

    [Test]
    public void Counts_every_visible_score_once([Values] KvType kvType, [Values] ActivationType queryType, [Values(0, 9)] int window)
    {
        float[] scores = ChosenScores.Pattern("staircase", StartPosition + SeqLen);
        scores[50] = 300;
        var input = new ChosenScores(Shape(kvType) with { Window = window }, scores, SeqLen);
        ScoreStatistics got = Run(input, queryType);

        uint[,] expected = new uint[3, ScoreStatistics.Bins];
        float low = float.MaxValue, high = float.MinValue;
        foreach (float[] row in Rows(input, window))
        {
            Array.ForEach(row, score => expected[0, Bin(score)]++);
            expected[1, Bin(row.Min())]++;
            expected[2, Bin(row.Max())]++;
            (low, high) = (Math.Min(low, row.Min()), Math.Max(high, row.Max()));
        }

        Assert.Multiple(() =>
        {
            Assert.That(got.Rows, Is.EqualTo(SeqLen * input.Shape.NumHeads));
            Assert.That((got.Minimum, got.Maximum, got.NotFinite), Is.EqualTo((low, high, 0u)));
            for (int i = 0; i < ScoreStatistics.Bins; i++)
            {
                Assert.That(
                    (got.Scores[i], got.RowMinima[i], got.RowMaxima[i]), Is.EqualTo((expected[0, i], expected[1, i], expected[2, i])),
                    $"bin {i}");
            }
        });
    }

    [Test]
    public void What_is_no_finite_number_is_counted_apart([Values(float.NaN, float.PositiveInfinity)] float number)
    {
        float[] scores = ChosenScores.Pattern("normal", StartPosition + SeqLen);
        scores[^1] = number; // One row of each head sees it; a factor of zero times infinity is NaN.
        var input = new ChosenScores(Shape(KvType.F32), scores, SeqLen);
        ScoreStatistics got = Run(input, ActivationType.F32);
        Assert.That(got.NotFinite, Is.EqualTo(input.Shape.NumHeads));
        Assert.That(got.Maximum, Is.LessThan(20));
    }

    private static AttentionShape Shape(KvType kvType) => new(6, 2, 16, 0, RopePairing.Interleaved, StartPosition + SeqLen + 3, kvType, 1);

    private static IEnumerable<float[]> Rows(ChosenScores input, int window)
    {
        for (int q = 0; q < SeqLen; q++)
        {
            int visible = StartPosition + q + 1;
            int first = window == 0 ? 0 : Math.Max(0, visible - window);
            for (int head = 0; head < input.Shape.NumHeads; head++)
            {
                yield return [.. input.Scores[first..visible].Select(score => score * ChosenScores.Factor(head))];
            }
        }
    }

    private static int Bin(float score) =>
        (int)Math.Clamp((score - ScoreStatistics.FirstBin) / ScoreStatistics.BinWidth, 0, ScoreStatistics.Bins - 1);

    private static ScoreStatistics Run(ChosenScores input, ActivationType queryType)
    {
        using var harness = new KernelHarness();
        AttentionShape shape = input.Shape;
        GpuBuffer q = harness.UploadActivations(input.Queries, SeqLen, shape.QueryWidth, queryType);
        PagedCache cache = harness.Pages(shape, input.Keys, input.Values);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()));
        RowList rows = harness.Rows(
            [.. Enumerable.Range(0, SeqLen).Select(i => new RowEntry((uint)i, (uint)(StartPosition + i), 0, 0))]);
        GpuBuffer statistics = harness.Upload<uint>(new uint[ScoreStatistics.SizeInBytes / sizeof(uint)]);
        harness.Run(commands => new ScoreStatisticsKernel(harness.Context).Record(
            commands, shape, queryType, q, rows, sequences, cache.Layer, statistics, SeqLen));
        return ScoreStatistics.Read(Device, statistics);
    }
}
