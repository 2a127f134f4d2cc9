using VkInfer.Testing;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>The softmax schemes of both forms of prefill attention on scores that are hard for them.</summary>
[TestFixture(false, KvType.F32)]
[TestFixture(false, KvType.Q8_0)]
[TestFixture(true, KvType.F16, Category = "CooperativeMatrix")]
[TestFixture(true, KvType.Q8_0, Category = "CooperativeMatrix")]
public sealed class PrefillSoftmaxTests(bool isMatrix, KvType kvType) : GpuTest
{
    private const int SeqLen = 70;
    private const int StartPosition = 30;
    private const int KvLen = StartPosition + SeqLen;

    private static readonly int[] Visible = [.. Enumerable.Range(StartPosition + 1, SeqLen)];

    private static readonly AttentionSoftmax Guarded = AttentionSoftmax.Asynchronized(0, -20, 10);

    private static IEnumerable<AttentionSoftmax> Schemes => [Guarded, AttentionSoftmax.Synchronized, AttentionSoftmax.ConditionalRescale];

    private Bound Bound => isMatrix ? Bounds.MatrixF16 : Bounds.AttentionF32;

    [Test]
    public void Every_scheme_takes_any_scores(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax,
        [Values("normal", "equal", "huge 1e2", "huge 1e4", "huge 3e38", "all low", "staircase")] string pattern)
    {
        if (kvType == KvType.F16 && pattern.EndsWith("e38", StringComparison.Ordinal))
        {
            Assert.Ignore("a float16 key holds no such score");
        }

        var input = new ChosenScores(Shape(), ChosenScores.Pattern(pattern, KvLen), SeqLen);
        (float[] output, SoftmaxStats stats) = Run(input, softmax);
        Comparison.AssertClose(output, input.Reference(Visible), Bound);
        int recomputed = isMatrix ? input.RowsOfMatrixForm(softmax, Visible) : input.RowsOutside(softmax, Visible);
        SoftmaxStats expected = softmax == Guarded ? new SoftmaxStats(SeqLen * input.Shape.NumHeads, recomputed) : default;
        Assert.That(stats, Is.EqualTo(expected));
    }

    [Test]
    public void Weights_just_inside_the_range_do_not_overflow()
    {
        // Every weight is just below 2^15, and their sum far above what float16 holds.
        float upper = Guarded.Upper;
        float score = (float)Half.BitDecrement((Half)upper);
        var input = new ChosenScores(Shape(), [.. Enumerable.Repeat(score, KvLen)], SeqLen);
        (float[] output, SoftmaxStats stats) = Run(input, Guarded);
        Comparison.AssertClose(output, input.Reference(Visible), Bound);
        Assert.That(stats.Recomputed, Is.EqualTo(isMatrix ? input.RowsOfMatrixForm(Guarded, Visible) : 0));
    }

    [Test]
    public void A_number_that_is_none_stays_in_its_rows(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax,
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float number, [Values] bool inKeys)
    {
        const int Position = 63;
        var input = new ChosenScores(Shape(), ChosenScores.Pattern("normal", KvLen), SeqLen);
        double[] clean = input.Reference(Visible);
        (inKeys ? input.Keys : input.Values)[input.Index(1, Position)] = number;
        double[] expected = input.Reference(Visible);
        (float[] output, SoftmaxStats _) = Run(input, softmax);
        for (int i = 0; i < output.Length; i++)
        {
            int row = i / input.Shape.QueryWidth;
            bool sees = row + StartPosition >= Position && i % input.Shape.QueryWidth >= input.Shape.QueryWidth / 2;
            if (!sees)
            {
                Assert.That(output[i], Is.EqualTo(clean[i]).Within(Bound.MaxAbs), $"[{i}] of row {row}, which does not see it");
            }
            else
            {
                Assert.That(
                    float.IsNaN(output[i]) || Math.Abs(output[i] - expected[i]) < Bound.MaxAbs || output[i] == expected[i], $"[{i}]");
                Assert.That(float.IsNaN(output[i]) || !double.IsNaN(expected[i]), $"[{i}] is {output[i]} and should be NaN");
            }
        }
    }

    private AttentionShape Shape() => new(6, 2, 16, 0, RopePairing.Interleaved, KvLen + 5, kvType, 1);

    private (float[] Output, SoftmaxStats Stats) Run(ChosenScores input, AttentionSoftmax softmax) =>
        ScoredPrefill.Run(input, softmax, isMatrix, StartPosition, SeqLen);
}
