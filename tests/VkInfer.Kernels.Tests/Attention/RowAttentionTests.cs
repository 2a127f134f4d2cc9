using System.Diagnostics;
using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

/// <summary>Decode attention of rows of many sequences in one dispatch, several of one sequence among them.</summary>
[TestFixture(true)]
[TestFixture(false)]
public sealed class RowAttentionTests(bool asSoftware) : GpuTest
{
    private const int ActivationRows = 8;

    // Positions that the sequences may have, and how many of them are stored.
    private static readonly (int Capacity, int Length)[] Sequences = [(700, 603), (64, 1), (320, 320)];

    // Three rows of the first sequence, the only one of the second, two of the third; rows 1 and 6 are nobody's.
    private static readonly RowEntry[] Entries =
        [new(3, 600, 0, 0), new(0, 602, 0, 0), new(5, 31, 0, 0), new(2, 0, 1, 0), new(7, 319, 2, 0), new(4, 32, 2, 0)];

    private KernelContext Context => new(Device) { IsSoftware = asSoftware };

    [TestCase(KvType.F16, ActivationType.F16, SoftmaxScheme.Asynchronized)]
    [TestCase(KvType.F16, ActivationType.F32, SoftmaxScheme.Synchronized)]
    [TestCase(KvType.F32, ActivationType.F32, SoftmaxScheme.ConditionalRescale)]
    [TestCase(KvType.F32, ActivationType.F16, SoftmaxScheme.Synchronized)]
    [TestCase(KvType.Q8_0, ActivationType.F16, SoftmaxScheme.Asynchronized)]
    [TestCase(KvType.Q8_0, ActivationType.F32, SoftmaxScheme.Synchronized)]
    [TestCase(KvType.Q8_0, ActivationType.F32, SoftmaxScheme.ConditionalRescale)]
    public void Each_row_attends_to_its_own_tokens(KvType kvType, ActivationType outputType, SoftmaxScheme scheme)
        => Check(Shape(4, 2, 64, kvType), outputType, scheme);

    [TestCase(4, 128, KvType.F16)]
    [TestCase(7, 80, KvType.F16)]
    [TestCase(1, 256, KvType.F16)]
    [TestCase(4, 128, KvType.Q8_0)]
    [TestCase(7, 80, KvType.Q8_0)]
    [TestCase(1, 96, KvType.Q8_0)]
    public void Heads_of_a_group_share_keys(int group, int headDim, KvType kvType)
        => Check(Shape(2 * group, 2, headDim, kvType), ActivationType.F32, SoftmaxScheme.Asynchronized);

    [Test]
    public void Values_may_be_keys([Values(1, 2)] int kvHeads, [Values] KvType kvType, [Values(40, 576)] int headDim) => Check(
        Shape(5 * kvHeads, kvHeads, headDim, kvType) with { HasKeysAsValues = true }, ActivationType.F32, SoftmaxScheme.Synchronized);

    [Test]
    public void Windows_and_bounds_hold([Values(1, 32, 100, 321)] int window, [Values(KvType.F16, KvType.Q8_0)] KvType kvType) => Check(
        Shape(4, 2, 64, kvType) with { Window = window, LogitSoftCap = 2 }, ActivationType.F16, SoftmaxScheme.Synchronized);

    [TestCase(4, 128, ActivationType.F32, SoftmaxScheme.ConditionalRescale)]
    [TestCase(4, 64, ActivationType.F16, SoftmaxScheme.Synchronized)]
    [TestCase(7, 32, ActivationType.F32, SoftmaxScheme.Synchronized)]
    [TestCase(12, 64, ActivationType.F32, SoftmaxScheme.ConditionalRescale)]
    [Category("CooperativeMatrix")]
    public void Matrix_units_share_keys_too(int group, int headDim, ActivationType outputType, SoftmaxScheme scheme) =>
        Check(Shape(2 * group, 2, headDim, KvType.Q8_0), outputType, scheme, onMatrixUnits: true);

    [Test]
    [Category("CooperativeMatrix")]
    public void Windows_and_bounds_hold_on_matrix_units([Values(1, 32, 100, 321)] int window) => Check(
        Shape(8, 2, 64, KvType.Q8_0) with { Window = window, LogitSoftCap = 2 }, ActivationType.F32, SoftmaxScheme.ConditionalRescale,
        onMatrixUnits: true);

    [Test]
    [Category("CooperativeMatrix")]
    public void Sinks_count_on_matrix_units() =>
        Check(Shape(8, 2, 64, KvType.Q8_0), ActivationType.F32, SoftmaxScheme.Synchronized, onMatrixUnits: true, withSinks: true);

    [Test]
    public void Only_rows_whose_scores_leave_the_range_are_computed_anew()
    {
        // The third sequence's keys are so long that its rows' scores leave the range.
        SoftmaxStats[] counts = Check(Shape(2, 1, 64, KvType.F32), ActivationType.F32, SoftmaxScheme.Asynchronized, far: 2);
        Assert.That(counts.Select(count => count.Rows), Is.EqualTo(new[] { 12, 4, 8 }));
        Assert.That(counts.Select(count => count.Recomputed), Is.EqualTo(new[] { 0, 0, 8 }));
    }

    [Test]
    public void Views_that_are_too_short_are_refused()
    {
        using var harness = new KernelHarness();
        AttentionShape shape = Shape(2, 2, 64, KvType.F32) with { Capacity = 100 };
        PagedCache cache = harness.Pages(shape, null, null);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()));
        using GpuBuffer buffer = Device.CreateBuffer(1 << 10, BufferKind.DeviceLocal, "all");
        Assert.Multiple(() =>
        {
            Assert.That(
                () => Record(new RowList(buffer, 64)), Throws.ArgumentException.With.Message.Contain("expected at least 1040 bytes"));
            Assert.That(() => Record(new RowList(buffer, 2)), Throws.ArgumentException.With.Message.Contain("scratch"));
            Assert.That(
                () => sequences.Set(0, cache.Keeps(buffer) with { Capacity = 1000 }),
                Throws.ArgumentException.With.Message.Contain("expected 32"));
            Assert.That(() => sequences.Set(1, cache.Keeps(buffer)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });

        void Record(RowList rows) => Run(commands => new DecodeAttentionKernel(Context).RecordRows(
            commands, shape, AttentionSoftmax.Synchronized, rows, sequences, cache.Layer, buffer, buffer, buffer, ActivationType.F32, 1));
    }

    private static AttentionShape Shape(int heads, int kvHeads, int headDim, KvType kvType) => new(
        heads, kvHeads, headDim, headDim, RopePairing.Interleaved, Sequences.Max(sequence => sequence.Capacity), kvType,
        (float)(1 / Math.Sqrt(headDim)));

    private SoftmaxStats[] Check(
        AttentionShape shape, ActivationType outputType, SoftmaxScheme scheme, int? far = null, bool onMatrixUnits = false,
        bool withSinks = false)
    {
        using var harness = new KernelHarness();
        float[] query = Buffers.Random(1, ActivationRows * shape.QueryWidth, -2, 2);
        double[] expected = new double[ActivationRows * shape.QueryWidth];
        var keeps = new List<SequenceKeeps>();
        KvLayer layer = default;
        for (int i = 0; i < Sequences.Length; i++)
        {
            AttentionShape own = shape with { Capacity = Sequences[i].Capacity };
            int count = shape.NumKvHeads * own.Capacity * shape.HeadDim;
            float reach = i == far ? 40 : 2;
            float[] k = CachedTokens.Prepare(Buffers.Random(10 + i, count, -reach, reach), own, Sequences[i].Length, float.NaN);
            float[] v = own.HasKeysAsValues ? k
                : CachedTokens.Prepare(Buffers.Random(20 + i, count, -2, 2), own, Sequences[i].Length, float.NaN);
            PagedCache cache = harness.Pages(own, k, v, group: 1);
            keeps.Add(cache.Keeps(harness.Stats()));
            layer = cache.Layer;
            foreach (RowEntry entry in Entries.Where(entry => entry.Sequence == i))
            {
                int at = (int)entry.Row * shape.QueryWidth;
                CachedTokens.Attend(own, (int)entry.Position + 1, query.AsSpan(at, shape.QueryWidth), k, v).CopyTo(expected, at);
            }
        }

        SequenceTable sequences = harness.Sequences([.. keeps]);
        RowList rows = harness.Rows(Entries);
        GpuBuffer input = harness.UploadActivations(query, ActivationRows, shape.QueryWidth, ActivationType.F32);
        var kernel = new DecodeAttentionKernel(Context);
        DecodeAttentionMatrix? matrix = onMatrixUnits ? OnMatrixUnits(shape, rows.Most) : kernel.MatrixForRows(shape, scheme, rows.Most);
        using var scratch = new GuardedBuffer(
            Device, matrix is null ? kernel.RowsScratchBytes([shape], rows.Most) : kernel.ScratchBytes(shape, matrix.Spread, rows.Most),
            "scratch");
        scratch.Write<byte>(new byte[scratch.View.Length]);

        // A row of nobody stays as it was.
        GuardedBuffer output = harness.OutputActivations(
            new float[ActivationRows * shape.QueryWidth], ActivationRows, shape.QueryWidth, outputType);
        AttentionSoftmax softmax = scheme == SoftmaxScheme.Asynchronized
            ? far is null ? AttentionSoftmax.Asynchronized(1) : AttentionSoftmax.Asynchronized(0, -20, 20)
            : new AttentionSoftmax(scheme);
        BufferView? sinks = null;
        if (withSinks)
        {
            // Those of odd heads take all weight, the others none.
            sinks = harness.Upload<float>([.. Enumerable.Range(0, shape.NumHeads).Select(head => head % 2 == 0 ? -1000f : 1000f)]);
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] *= i / shape.HeadDim % 2 == 0 ? 1 : 0;
            }
        }

        Bound bound = matrix is not null ? Bounds.MatrixF16
            : shape.KvType == KvType.F16 || outputType == ActivationType.F16 ? Bounds.AttentionF16 : Bounds.AttentionF32;
        for (int step = 0; step < 2; step++)
        {
            Run(commands => kernel.RecordRowsTuned(
                commands, shape, softmax, matrix, rows, sequences, layer, input, scratch.View, output.View, outputType, ActivationRows,
                sinks));
            Comparison.AssertClose(KernelHarness.ReadActivations(output, ActivationRows, shape.QueryWidth, outputType), expected, bound);
        }

        scratch.AssertIntact();
        return [.. keeps.Select(sequence => SoftmaxStats.Read(Device, sequence.SoftmaxStats))];
    }

    private DecodeAttentionMatrix OnMatrixUnits(AttentionShape shape, int rows)
    {
        if (DecodeAttentionMatrix.Choose(shape, Context, rows) is not { } matrix
            || !ShaderLibrary.Contains(DecodeAttentionKernel.RowsVariant(KvType.Q8_0, ActivationType.F32, isMatrix: true)))
        {
            Assert.Inconclusive("the device or the shader compiler has no cooperative matrix");
            throw new UnreachableException();
        }

        return matrix;
    }
}
