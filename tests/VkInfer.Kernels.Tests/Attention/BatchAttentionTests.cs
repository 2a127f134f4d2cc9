using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Decode attention of several sequences in one dispatch, each over a cache of its own.</summary>
[TestFixture(true)]
[TestFixture(false)]
public sealed class BatchAttentionTests(bool asSoftware) : GpuTest
{
    // Of each sequence: tokens that its cache holds, and that it has. The rows of activations are those behind them.
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

    [Test]
    public void Windows_and_bounds_hold() => Check(
        Shape(4, 2, 64, KvType.F16) with { Window = 100, LogitSoftCap = 2 }, ActivationType.F16, SoftmaxScheme.Synchronized);

    [Test]
    public void Only_the_sequence_whose_scores_leave_the_range_is_computed_anew()
    {
        // Scores lie within ±60: the first sequence has a range that all of them leave.
        var counts = Check(Shape(2, 1, 64, KvType.F32), ActivationType.F32, SoftmaxScheme.Asynchronized, narrow: true);
        Assert.That(counts.Select(count => count.Rows), Is.All.EqualTo(2));
        Assert.That(counts.Select(count => count.Anew), Is.EqualTo(new[] { 2, 0, 0, 0 }));
    }

    [Test]
    public void A_cache_that_is_too_short_is_refused()
    {
        using var table = new SequenceTable(Device, 1);
        using var buffer = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "all");
        var shape = Shape(2, 2, 64, KvType.F32);
        var range = table.Add([new(buffer, buffer, 1000, buffer, new(SoftmaxScheme.Synchronized), buffer, 0)]);
        Assert.That(
            () => Run(commands => new DecodeAttentionKernel(Context).RecordBatch(commands, shape, range, buffer, buffer, buffer, ActivationType.F32)),
            Throws.ArgumentException.With.Message.Contain("Keys: expected at least 512000 bytes"));
        Assert.That(() => table.Add([range.Sequences[0]]), Throws.ArgumentException.With.Message.Contain("expected 1 to 0"));
    }

    [Test]
    public void Two_schemes_in_one_dispatch_are_refused()
    {
        using var table = new SequenceTable(Device, 2);
        using var buffer = Device.CreateBuffer(1 << 16, BufferKind.DeviceLocal, "all");
        var sequence = new SequenceAttention(buffer, buffer, 8, buffer, new(SoftmaxScheme.Synchronized), buffer, 0);
        var range = table.Add([sequence, sequence with { Softmax = new(SoftmaxScheme.ConditionalRescale), Row = 1 }]);
        Assert.That(
            () => Run(commands => new DecodeAttentionKernel(Context).RecordBatch(
                commands, Shape(2, 2, 64, KvType.F32), range, buffer, buffer, buffer, ActivationType.F32)),
            Throws.ArgumentException.With.Message.Contain("scheme"));
    }

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, KvType kvType)
        => new(heads, kvHeads, headDim, headDim, RopePairing.Interleaved, 1, kvType, (float)(1 / Math.Sqrt(headDim)));

    private (int Rows, int Anew)[] Check(AttentionShape shape, ActivationType outputType, SoftmaxScheme scheme, bool narrow = false)
    {
        var rows = Lengths.Max(length => length.Row) + 1;
        using var harness = new KernelHarness();
        var q = Buffers.Random(1, rows * shape.QueryWidth, -3, 3);
        var expected = new double[rows * shape.QueryWidth];
        var sequences = new List<SequenceAttention>();
        foreach (var (capacity, length, row) in Lengths)
        {
            var own = shape with { Capacity = capacity };
            var count = shape.NumKvHeads * capacity * shape.HeadDim;
            var k = CachedTokens.Prepare(Buffers.Random(10 + row, count, -2, 2), own, length, float.NaN);
            var v = CachedTokens.Prepare(Buffers.Random(20 + row, count, -2, 2), own, length, float.NaN);
            CachedTokens.Attend(own, length, q.AsSpan(row * shape.QueryWidth, shape.QueryWidth), k, v).CopyTo(expected, row * shape.QueryWidth);
            var softmax = scheme != SoftmaxScheme.Asynchronized ? new AttentionSoftmax(scheme)
                : narrow && sequences.Count == 0 ? new AttentionSoftmax(scheme, 0, -1e-6f, 1e-6f) : AttentionSoftmax.Asynchronized(1);
            sequences.Add(new(
                harness.Upload<byte>(CachedTokens.Encode(k, shape.KvType)), harness.Upload<byte>(CachedTokens.Encode(v, shape.KvType)), capacity,
                harness.Upload<StepState>([new StepState { Position = (uint)(length - 1) }]), softmax,
                harness.Upload<uint>(new uint[SoftmaxStats.SizeInBytes / sizeof(uint)]), row));
        }

        // Behind others in the table.
        using var table = new SequenceTable(Device, 1 + sequences.Count);
        table.Add([sequences[1]]);
        var range = table.Add(sequences);
        table.Upload();
        var query = harness.UploadActivations(q, rows, shape.QueryWidth, ActivationType.F32);
        var kernel = new DecodeAttentionKernel(Context);
        using var scratch = new GuardedBuffer(
            Device, kernel.BatchScratchBytes(Lengths.Select(length => shape with { Capacity = length.Capacity }), sequences.Count), "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);

        // A row of nobody stays as it was.
        var output = harness.OutputActivations(new float[rows * shape.QueryWidth], rows, shape.QueryWidth, outputType);
        for (var step = 0; step < 2; step++)
        {
            Run(commands => kernel.RecordBatch(commands, shape, range, query, scratch.View, output.View, outputType));
            var bound = shape.KvType == KvType.F16 || outputType == ActivationType.F16 ? Bounds.AttentionF16 : Bounds.AttentionF32;
            Comparison.AssertClose(KernelHarness.ReadActivations(output, rows, shape.QueryWidth, outputType), expected, bound);
        }

        scratch.AssertIntact();
        return [.. sequences.Select(sequence => SoftmaxStats.Read(Device, sequence.SoftmaxStats)).Select(count => ((int)count.Rows / 2, (int)count.Recomputed / 2))];
    }
}
