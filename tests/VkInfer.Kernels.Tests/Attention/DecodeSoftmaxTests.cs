using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>The softmax schemes of decode attention on scores that are hard for them.</summary>
[TestFixture(true)]
[TestFixture(false)]
public sealed class DecodeSoftmaxTests(bool asSoftware) : GpuTest
{
    private static readonly AttentionSoftmax Guarded = AttentionSoftmax.Asynchronized(0, -20, 20);

    private KernelContext Context => new(Device) { IsSoftware = asSoftware };

    private static IEnumerable<AttentionSoftmax> Schemes => [Guarded, AttentionSoftmax.Synchronized, AttentionSoftmax.ConditionalRescale];

    [Test]
    public void Every_scheme_takes_any_scores(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax,
        [Values("normal", "equal", "huge 1e2", "huge 1e4", "huge 3e38", "huge -3e38", "all low", "staircase")] string pattern,
        [Values(KvType.F32, KvType.Q8_0)] KvType kvType)
    {
        var input = new ChosenScores(Shape(6, 2, 64, 1100) with { KvType = kvType }, ChosenScores.Pattern(pattern, 1000));
        Check(input, softmax, 1000);
    }

    [TestCase(1, 1, 64)]
    [TestCase(31, 4, 80)]
    [TestCase(32, 7, 64)]
    [TestCase(33, 8, 96)]
    [TestCase(4095, 4, 128)]
    [TestCase(1025, 2, 256)]
    [TestCase(32768, 1, 64)]
    public void Every_scheme_takes_any_shape(int kvLen, int group, int headDim)
    {
        float[] scores = ChosenScores.Pattern("normal", kvLen);
        scores[kvLen / 3] = 21; // One key in one split is outside.
        var input = new ChosenScores(Shape(2 * group, 2, headDim, kvLen), scores);
        foreach (AttentionSoftmax softmax in Schemes)
        {
            Check(input, softmax, kvLen);
        }
    }

    [Test]
    public void The_bounds_themselves_are_outside([Values(-20f, 20f)] float bound)
    {
        var input = new ChosenScores(Shape(1, 1, 32, 64), ChosenScores.Pattern("equal", 64));
        input.Scores[3] = input.Keys[input.Index(0, 3)] = bound;
        Assert.That(Check(input, Guarded, 64).Recomputed, Is.EqualTo(1));
        input.Scores[3] = input.Keys[input.Index(0, 3)] = bound > 0 ? MathF.BitDecrement(bound) : MathF.BitIncrement(bound);
        Assert.That(Check(input, Guarded, 64).Recomputed, Is.Zero);
    }

    [Test]
    public void Tokens_that_are_not_visible_do_not_count([Values(0, 100)] int window)
    {
        float[] scores = ChosenScores.Pattern("normal", 1000);
        scores[999] = float.NaN;
        scores[10] = window > 0 ? float.NegativeInfinity : 0;
        var input = new ChosenScores(Shape(4, 2, 64, 1000) with { Window = window }, scores);
        Assert.That(Run(input, Guarded, 999).Stats, Is.EqualTo(new SoftmaxStats(4, 0)));
    }

    [Test]
    public void A_number_that_is_none_stays_in_its_rows(
        [ValueSource(nameof(Schemes))] AttentionSoftmax softmax,
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float number, [Values] bool inKeys,
        [Values(KvType.F32, KvType.Q8_0)] KvType kvType)
    {
        const int KvLen = 600;
        var input = new ChosenScores(Shape(6, 2, 64, KvLen) with { KvType = kvType }, ChosenScores.Pattern("normal", KvLen));
        double[] clean = input.Reference(KvLen);
        (inKeys ? input.Keys : input.Values)[input.Index(1, 300)] = number;
        double[] expected = input.Reference(KvLen);
        (float[] output, SoftmaxStats stats, int _) = Run(input, softmax, KvLen);
        int half = input.Shape.QueryWidth / 2;
        Comparison.AssertClose(output.AsSpan(0, half), clean.AsSpan(0, half), Bounds.AttentionF32, "heads of the other keys");
        for (int i = half; i < output.Length; i++)
        {
            bool isEqual = Math.Abs(output[i] - expected[i]) < 1e-4 || (double)output[i] == expected[i];
            Assert.That(float.IsNaN(output[i]) || isEqual, $"[{i}] is {output[i]}, the reference {expected[i]}");
            Assert.That(float.IsNaN(output[i]) || !double.IsNaN(expected[i]), $"[{i}] is {output[i]} and should be NaN");
        }

        // A factor of zero times infinity is no number either.
        Assert.That(stats.Recomputed, Is.EqualTo(inKeys && softmax.Scheme == SoftmaxScheme.Asynchronized ? 3 : 0));
    }

    [Test]
    public void The_number_of_splits_does_not_matter([ValueSource(nameof(Schemes))] AttentionSoftmax softmax)
    {
        var input = new ChosenScores(Shape(4, 2, 64, 1000), ChosenScores.Pattern("staircase", 1000));
        double[] expected = input.Reference(1000);
        foreach (int splits in (int[])[1, 2, 3, 7, 31, 128])
        {
            (float[] output, SoftmaxStats stats, int _) = Run(input, softmax, 1000, tuning => tuning with { Splits = splits });
            Comparison.AssertClose(output, expected, Bounds.AttentionF32, $"{splits} splits");
            Assert.That(stats.Recomputed, Is.EqualTo(Expected(input, softmax, 1000).Recomputed));
        }
    }

    [Test]
    public void A_recording_can_be_replayed([ValueSource(nameof(Schemes))] AttentionSoftmax softmax)
    {
        var input = new ChosenScores(Shape(6, 2, 64, 1000), ChosenScores.Pattern("huge 1e2", 1000));
        (float[] Output, SoftmaxStats Stats, int Dispatches) once = Run(input, softmax, 1000);
        (float[] Output, SoftmaxStats Stats, int Dispatches) often = Run(input, softmax, 1000, runs: 5);
        Assert.That(often.Output, Is.EqualTo(once.Output));
        Assert.That(often.Stats, Is.EqualTo(new SoftmaxStats(5 * once.Stats.Rows, 5 * once.Stats.Recomputed)));
        Assert.That(often.Dispatches, Is.EqualTo(1));
    }

    [Test]
    public void Counters_have_64_bits()
    {
        var input = new ChosenScores(Shape(2, 2, 32, 64), ChosenScores.Pattern("equal", 64));
        (float[] _, SoftmaxStats stats, int _) = Run(input, Guarded, 64, countFrom: uint.MaxValue - 1);
        Assert.That(stats.Rows, Is.EqualTo(uint.MaxValue + 1L));
    }

    [Test]
    public void Bounds_that_could_overflow_are_refused()
    {
        Assert.That(() => AttentionSoftmax.Asynchronized(0, -20, 60).Validate(), Throws.ArgumentException);
        Assert.That(() => AttentionSoftmax.Asynchronized(float.NaN, -20, 20).Validate(), Throws.ArgumentException);
        Assert.That(() => AttentionSoftmax.Asynchronized(0, 1, 20).Validate(), Throws.ArgumentException);
    }

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, int capacity)
        => new(heads, kvHeads, headDim, 0, RopePairing.Interleaved, capacity, KvType.F32, 1);

    private static SoftmaxStats Expected(ChosenScores input, AttentionSoftmax softmax, int kvLen) =>
        softmax.Scheme == SoftmaxScheme.Asynchronized
            ? new SoftmaxStats(input.Shape.NumHeads, input.RowsOutside(softmax, kvLen))
            : default;

    private SoftmaxStats Check(ChosenScores input, AttentionSoftmax softmax, int kvLen)
    {
        (float[] output, SoftmaxStats stats, int _) = Run(input, softmax, kvLen);
        Comparison.AssertClose(output, input.Reference(kvLen), Bounds.AttentionF32, softmax.Scheme.ToString());
        Assert.That(stats, Is.EqualTo(Expected(input, softmax, kvLen)));
        return stats;
    }

    private (float[] Output, SoftmaxStats Stats, int Dispatches) Run(
        ChosenScores input, AttentionSoftmax softmax, int kvLen, Func<DecodeAttentionTuning, DecodeAttentionTuning>? tune = null,
        int runs = 1, uint countFrom = 0)
    {
        AttentionShape shape = input.Shape;
        var kernel = new DecodeAttentionKernel(Context);
        var tuning = DecodeAttentionTuning.Choose(shape, Context);
        tuning = tune?.Invoke(tuning) ?? tuning;
        using GpuBuffer q = Buffers.Create<float>(Device, input.Queries, "q");
        using var cache = new PagedCache(Device, shape, input.Keys, input.Values);
        using GpuBuffer state = Buffers.Create<StepState>(Device, [new StepState { Position = (uint)(kvLen - 1) }], "step state");
        using var scratch = new GuardedBuffer(Device, kernel.ScratchBytes(shape, tuning), "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);
        using GpuBuffer stats = Buffers.Create<uint>(Device, [countFrom, 0, 0, 0], "stats");
        using var output = new GuardedBuffer(Device, shape.QueryWidth * sizeof(float), "output");
        using CommandList commands = Device.CreateCommandList("softmax");
        commands.Record(list => kernel.RecordTuned(
            list, shape, softmax, tuning, q, cache.Layer, cache.Blocks, state, scratch.View, stats, output.View));
        for (int i = 0; i < runs; i++)
        {
            Device.Wait(Device.Submit(commands));
        }

        scratch.AssertIntact();
        return (output.Read<float>(), SoftmaxStats.Read(Device, stats), commands.DispatchCount);
    }
}
