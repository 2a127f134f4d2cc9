using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Decode attention of several sequences in one dispatch, each over a cache of its own, from the QKV product on.</summary>
[TestFixture(true)]
[TestFixture(false)]
public sealed class BatchAttentionTests(bool asSoftware) : GpuTest
{
    private const float Epsilon = 1e-5f;

    // Of each sequence: tokens that its cache holds, and that it has with the new one. The rows of activations are those behind them.
    private static readonly (int Capacity, int Length, int Row)[] Lengths = [(700, 601, 2), (64, 1, 0), (320, 320, 4), (33, 32, 1)];

    private KernelContext Context => new(Device) { IsSoftware = asSoftware };

    [TestCase(KvType.F16, ActivationType.F16, SoftmaxScheme.Asynchronized)]
    [TestCase(KvType.F16, ActivationType.F32, SoftmaxScheme.Synchronized)]
    [TestCase(KvType.F32, ActivationType.F32, SoftmaxScheme.ConditionalRescale)]
    [TestCase(KvType.F32, ActivationType.F16, SoftmaxScheme.Synchronized)]
    public void Each_sequence_attends_to_its_own_tokens(KvType kvType, ActivationType outputType, SoftmaxScheme scheme)
        => Check(Shape(4, 2, 64, kvType), outputType, scheme);

    [TestCase(4, 128)]
    [TestCase(7, 80)]
    public void Heads_of_a_group_share_keys(int group, int headDim)
        => Check(Shape(2 * group, 2, headDim, KvType.F16), ActivationType.F32, SoftmaxScheme.Asynchronized);

    [TestCase(false, true, KvType.F16)]
    [TestCase(true, false, KvType.F32)]
    [TestCase(true, true, KvType.F16)]
    public void Bias_and_the_norm_of_heads_come_before_the_rotation(bool biased, bool normed, KvType kvType) => Check(
        Shape(6, 2, 40, kvType) with { Pairing = RopePairing.SplitHalf, RotaryDim = 24 }, ActivationType.F32, SoftmaxScheme.Synchronized,
        biased, normed);

    [Test]
    public void A_head_may_stay_unrotated() =>
        Check(Shape(2, 1, 64, KvType.F32) with { RotaryDim = 0 }, ActivationType.F32, SoftmaxScheme.Synchronized);

    [Test]
    public void Windows_and_bounds_hold() => Check(
        Shape(4, 2, 64, KvType.F16) with { Window = 100, LogitSoftCap = 2 }, ActivationType.F16, SoftmaxScheme.Synchronized);

    [Test]
    public void Only_the_sequence_whose_scores_leave_the_range_is_computed_anew()
    {
        // The first sequence has a range that all scores leave.
        SoftmaxStats[] counts = Check(Shape(2, 1, 64, KvType.F32), ActivationType.F32, SoftmaxScheme.Asynchronized, narrow: true);
        Assert.That(counts.Select(count => count.Rows), Is.All.EqualTo(4));
        Assert.That(counts.Select(count => count.Recomputed), Is.EqualTo(new[] { 4, 0, 0, 0 }));
    }

    [Test]
    public void Nothing_is_stored_beyond_the_capacity()
    {
        AttentionShape shape = Shape(2, 2, 64, KvType.F32) with { Capacity = 10 };
        using var harness = new KernelHarness();
        GuardedBuffer keys = harness.Output<float>(TestValues.Normal((int)shape.KvBytes / sizeof(float), 1));
        GuardedBuffer values = harness.Output<float>(TestValues.Normal((int)shape.KvBytes / sizeof(float), 2));
        (float[] keysBefore, float[] valuesBefore) = (keys.Read<float>(), values.Read<float>());
        using var table = new SequenceTable(Device, 1);
        SequenceRange range = table.Add(
            [new(
                keys.View, values.View, 10, harness.Upload<StepState>([new StepState { Position = 10 }]), new(SoftmaxScheme.Synchronized),
                Stats(harness), 0)]);
        table.Upload();
        var kernel = new DecodeAttentionKernel(Context);
        GpuBuffer qkv = harness.UploadActivations(TestValues.Normal(shape.QkvWidth, 3), 1, shape.QkvWidth, ActivationType.F32);
        GpuBuffer rope = harness.Upload<float>(RotationReference.RopeTable(shape));
        GpuBuffer scratch = harness.Upload<byte>(new byte[kernel.BatchScratchBytes([shape], 1)]);
        GuardedBuffer output = harness.OutputActivations(1, shape.QueryWidth, ActivationType.F32);
        Run(commands => kernel.RecordBatch(commands, shape, range, qkv, rope, scratch, output.View, ActivationType.F32));
        Assert.That(KernelHarness.ReadActivations(output, 1, shape.QueryWidth, ActivationType.F32), Is.All.Matches<float>(float.IsFinite));
        Assert.That(keys.Read<float>(), Is.EqualTo(keysBefore));
        Assert.That(values.Read<float>(), Is.EqualTo(valuesBefore));
    }

    [Test]
    public void A_cache_that_is_too_short_is_refused()
    {
        using var table = new SequenceTable(Device, 1);
        using GpuBuffer buffer = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "all");
        AttentionShape shape = Shape(2, 2, 64, KvType.F32);
        SequenceRange range = table.Add([new(buffer, buffer, 1000, buffer, new(SoftmaxScheme.Synchronized), buffer, 0)]);
        Assert.That(
            () => RecordAll(shape, range, buffer), Throws.ArgumentException.With.Message.Contain("Keys: expected at least 512000 bytes"));
        Assert.That(() => table.Add([range.Sequences[0]]), Throws.ArgumentException.With.Message.Contain("expected 1 to 0"));
    }

    [Test]
    public void Two_schemes_in_one_dispatch_are_refused()
    {
        using var table = new SequenceTable(Device, 2);
        using GpuBuffer buffer = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "all");
        var sequence = new SequenceAttention(buffer, buffer, 8, buffer, new(SoftmaxScheme.Synchronized), buffer, 0);
        SequenceRange range = table.Add([sequence, sequence with { Softmax = new(SoftmaxScheme.ConditionalRescale), Row = 1 }]);
        Assert.That(() => RecordAll(Shape(2, 2, 64, KvType.F32), range, buffer), Throws.ArgumentException.With.Message.Contain("scheme"));
    }

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, KvType kvType)
        => new(heads, kvHeads, headDim, headDim, RopePairing.Interleaved, 1, kvType, (float)(1 / Math.Sqrt(headDim)));

    private static GpuBuffer Stats(KernelHarness harness) => harness.Upload<uint>(new uint[SoftmaxStats.SizeInBytes / sizeof(uint)]);

    private void RecordAll(AttentionShape shape, SequenceRange range, GpuBuffer buffer) => Run(
        commands =>
            new DecodeAttentionKernel(Context).RecordBatch(commands, shape, range, buffer, buffer, buffer, buffer, ActivationType.F32));

    private SoftmaxStats[] Check(
        AttentionShape shape, ActivationType outputType, SoftmaxScheme scheme, bool biased = false, bool normed = false,
        bool narrow = false)
    {
        int rows = Lengths.Max(length => length.Row) + 1;
        using var harness = new KernelHarness();
        float[] qkv = Buffers.Random(1, rows * shape.QkvWidth, -2, 2);
        float[] bias = TestValues.Normal(shape.QkvWidth, 22);
        float[] gains = TestValues.Normal(2 * shape.HeadDim, 23);
        double[] prepared = RotationReference.Prepare(qkv, shape, rows, biased ? bias : null, normed ? gains : null, Epsilon);
        double[] expected = new double[rows * shape.QueryWidth];
        var sequences = new List<SequenceAttention>();
        var caches = new List<(GuardedBuffer Buffer, float[] Expected)>();
        foreach ((int capacity, int length, int row) in Lengths)
        {
            AttentionShape own = shape with { Capacity = capacity };
            int count = shape.NumKvHeads * capacity * shape.HeadDim;
            double[] rotated = RotationReference.Rotate(prepared[(row * shape.QkvWidth)..((row + 1) * shape.QkvWidth)], own, length - 1, 1);
            (float[] k, float[] v) = (Buffers.Random(10 + row, count, -2, 2), Buffers.Random(20 + row, count, -2, 2));

            // Where the new token's key and value belong, and behind them, stands NaN; one that is read would spread.
            foreach (float[] cache in (float[][])[k, v])
            {
                caches.Add(
                    (harness.Output<byte>(CachedTokens.Encode(CachedTokens.Prepare(cache, own, length - 1, float.NaN), shape.KvType)),
                        cache));
            }

            Store(k, own, length - 1, rotated.AsSpan(shape.QueryWidth, shape.KvWidth));
            Store(v, own, length - 1, rotated.AsSpan(shape.QueryWidth + shape.KvWidth, shape.KvWidth));
            float[] q = [.. rotated.Take(shape.QueryWidth).Select(value => (float)value)];
            CachedTokens.Attend(own, length, q, k, v).CopyTo(expected, row * shape.QueryWidth);
            AttentionSoftmax softmax = scheme != SoftmaxScheme.Asynchronized ? new AttentionSoftmax(scheme)
                : narrow && sequences.Count == 0 ? new AttentionSoftmax(scheme, 0, -1e-6f, 1e-6f) : AttentionSoftmax.Asynchronized(1);
            sequences.Add(new(
                caches[^2].Buffer.View, caches[^1].Buffer.View, capacity,
                harness.Upload<StepState>([new StepState { Position = (uint)(length - 1) }]), softmax, Stats(harness), row));
        }

        // Behind others in the table.
        using var table = new SequenceTable(Device, 1 + sequences.Count);
        table.Add([sequences[1]]);
        SequenceRange range = table.Add(sequences);
        table.Upload();
        GpuBuffer input = harness.UploadActivations(qkv, rows, shape.QkvWidth, ActivationType.F32);
        float[] ropeTable = RotationReference.RopeTable(shape with { Capacity = Lengths.Max(length => length.Capacity) });
        GpuBuffer rope = harness.Upload<float>(ropeTable.Length == 0 ? [0f, 0f] : ropeTable);
        BufferView? biasView = biased ? harness.Upload<float>(bias).Whole : null;
        QkNorm? norm = normed ? new QkNorm(harness.Upload<float>(gains), Epsilon) : null;
        var kernel = new DecodeAttentionKernel(Context);
        using var scratch = new GuardedBuffer(
            Device, kernel.BatchScratchBytes(Lengths.Select(length => shape with { Capacity = length.Capacity }), sequences.Count),
            "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);

        // A row of nobody stays as it was.
        GuardedBuffer output = harness.OutputActivations(new float[rows * shape.QueryWidth], rows, shape.QueryWidth, outputType);
        Bound bound = shape.KvType == KvType.F16 || outputType == ActivationType.F16 ? Bounds.AttentionF16 : Bounds.AttentionF32;
        for (int step = 0; step < 2; step++)
        {
            Run(commands => kernel.RecordBatch(commands, shape, range, input, rope, scratch.View, output.View, outputType, biasView, norm));
            Comparison.AssertClose(KernelHarness.ReadActivations(output, rows, shape.QueryWidth, outputType), expected, bound);
        }

        scratch.AssertIntact();
        foreach ((GuardedBuffer buffer, float[] values) in caches)
        {
            CheckCache(
                CachedTokens.Decode(buffer.Read<byte>(), shape.KvType), values, shape.KvType == KvType.F16 ? Bounds.F16 : Bounds.F32);
        }

        return [.. sequences.Select(sequence => SoftmaxStats.Read(Device, sequence.SoftmaxStats))];
    }

    // The new token among those that were there; what lies behind it is not touched.
    private static void Store(float[] cache, AttentionShape shape, int position, ReadOnlySpan<double> token)
    {
        for (int i = 0; i < token.Length; i++)
        {
            float value = (float)token[i];
            cache[(((i / shape.HeadDim * shape.Capacity) + position) * shape.HeadDim) + (i % shape.HeadDim)] =
                shape.KvType == KvType.F16 ? (float)(Half)value : value;
        }
    }

    private static void CheckCache(float[] got, float[] expected, Bound bound)
    {
        Assert.That(got.Select(float.IsNaN), Is.EqualTo(expected.Select(float.IsNaN)));
        Comparison.AssertClose(
            [.. got.Where(value => !float.IsNaN(value))], [.. expected.Where(value => !float.IsNaN(value)).Select(value => (double)value)],
            bound);
    }
}
