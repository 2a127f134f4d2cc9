using VkInfer.Testing;
using VkInfer.Vulkan;

namespace VkInfer.Kernels.Tests.Attention;

[TestFixture]
public sealed class RopeStoreKernelTests : GpuTest
{
    private const int Capacity = 130;

    [Test]
    public void Matches_the_reference(
        [Values(1, 4, 7)] int groupSize, [Values(8, 64, 80)] int headDim, [Values] RopePairing pairing, [Values] KvType kvType,
        [Values] ActivationType queryType, [Values(0, 97)] int startPosition) =>
        Check(new AttentionShape(2 * groupSize, 2, headDim, headDim, pairing, Capacity, kvType, 1), queryType, startPosition, 7);

    [Test]
    public void Part_of_a_head_may_stay_unrotated([Values(0, 2, 26, 40)] int rotaryDim, [Values] RopePairing pairing) =>
        Check(new AttentionShape(3, 3, 40, rotaryDim, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3);

    [Test]
    public void A_long_prefill_fills_the_cache() =>
        Check(new AttentionShape(4, 2, 128, 128, RopePairing.SplitHalf, Capacity, KvType.F16, 1), ActivationType.F16, 19, Capacity - 19);

    [Test]
    public void Bytes_have_a_scale_for_each_block([Values(8, 32, 40, 96, 128, 576)] int headDim, [Values] bool asSoftware)
    {
        var shape = new AttentionShape(4, 2, headDim, headDim, RopePairing.Interleaved, Capacity, KvType.Q8_0, 1);
        Check(shape, ActivationType.F32, 19, 3, asSoftware: asSoftware);
    }

    [TestCase(0f)]
    [TestCase(1e-12f)]
    [TestCase(1e9f)]
    [TestCase(float.NaN)]
    public void Bytes_are_numbers_where_elements_are(float element)
    {
        var shape = new AttentionShape(1, 1, 64, 0, RopePairing.Interleaved, Capacity, KvType.Q8_0, 1);
        float[] qkv = new float[shape.QkvWidth];
        qkv[shape.QueryWidth + 3] = element;
        qkv[shape.QueryWidth + 40] = 2;
        using var harness = new KernelHarness();
        PagedCache cache = harness.Pages(shape, null, null);
        GpuBuffer buffer = harness.Upload<float>(qkv);
        GuardedBuffer query = harness.OutputActivations(1, shape.QueryWidth, ActivationType.F32);
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = 5 }]);
        harness.Run(commands => new RopeStoreKernel(harness.Context).RecordStep(
            commands, buffer, shape, buffer, state, query.View, cache.Layer, cache.Blocks));
        float[] key = cache.ReadPosition(5).Keys;
        Assert.That(key[32..], Is.EqualTo(qkv.AsSpan(shape.QueryWidth + 32, 32).ToArray()).Within(1e-3), "the other block");
        Assert.That(
            key[..32], element is float.NaN ? Is.All.NaN : Is.EquivalentTo(Enumerable.Repeat(0f, 31).Append(element < 1 ? 0 : 65024)));
    }

    [Test]
    public void Adds_the_bias_and_normalises_heads_first(
        [Values] bool biased, [Values] bool normed, [Values] RopePairing pairing, [Values(8, 40, 128)] int headDim) =>
        Check(new AttentionShape(6, 2, headDim, headDim - 4, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, 3, biased, normed);

    [Test]
    public void Normalises_whole_projections_and_behind_the_rotation(
        [Values] QkNormKind kind, [Values] RopePairing pairing, [Values] bool biased, [Values] bool step) =>
        Check(
            new AttentionShape(6, 2, 40, 24, pairing, Capacity, KvType.F32, 1), ActivationType.F32, 5, step ? 1 : 3, biased, normed: true,
            step, kind);

    [Test]
    public void Queries_grow_with_their_position([Values] bool step) =>
        Check(
            new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, KvType.F32, 1) { Temperature = new(0.3f, 16) },
            ActivationType.F32, 46, step ? 1 : 5, step: step);

    [Test]
    public void Gates_between_the_heads_of_queries_are_left_alone([Values] bool step, [Values] bool normed, [Values] RopePairing pairing)
    {
        var shape = new AttentionShape(6, 2, 40, 24, pairing, Capacity, KvType.F32, 1) { HasGates = true };
        Check(shape, ActivationType.F32, 5, step ? 1 : 3, normed: normed, step: step);
    }

    [Test]
    public void A_decode_step_stores_at_its_position([Values] bool biased, [Values] bool normed, [Values] KvType kvType) =>
        Check(
            new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, kvType, 1), ActivationType.F32, 77, 1, biased, normed,
            step: true);

    [Test]
    public void A_decode_step_stores_nothing_beyond_the_capacity()
    {
        var shape = new AttentionShape(2, 1, 8, 8, RopePairing.Interleaved, Capacity, KvType.F32, 1);
        using var harness = new KernelHarness();
        GpuBuffer buffer = harness.Upload<float>(new float[Capacity * 8]);
        PagedCache cache = harness.Pages(shape, null, null);
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = Capacity }]);
        harness.Run(commands => new RopeStoreKernel(harness.Context).RecordStep(
            commands, buffer, shape, buffer, state, buffer, cache.Layer, cache.Blocks));
        (float[] keys, float[] values) = cache.Read();
        Assert.That(keys, Is.All.NaN);
        Assert.That(values, Is.All.NaN);
    }

    [Test]
    public void Rows_of_several_sequences_go_to_their_own_pages([Values] KvType kvType, [Values] ActivationType queryType)
    {
        // A run of three rows, two rows of one sequence apart from each other, one beyond the capacity, and a row of nobody.
        var shape = new AttentionShape(6, 2, 40, 24, RopePairing.SplitHalf, Capacity, kvType, 1);
        AttentionShape small = shape with { Capacity = 20 };
        RowEntry[] rows = [new(4, 30, 0, 0), new(0, 31, 0, 0), new(2, 32, 0, 0), new(3, 7, 1, 0), new(6, 19, 1, 0), new(5, 20, 1, 0)];
        const int Rows = 7;
        float[] qkv = TestValues.Normal(Rows * shape.QkvWidth, 21);
        using var harness = new KernelHarness();
        PagedCache[] caches = [harness.Pages(shape, null, null, group: 1), harness.Pages(small, null, null, group: 1)];
        SequenceTable sequences = harness.Sequences(caches[0].Keeps(harness.Stats()), caches[1].Keeps(harness.Stats()));
        GpuBuffer input = harness.UploadActivations(qkv, Rows, shape.QkvWidth, ActivationType.F32);
        GpuBuffer rope = harness.Upload<float>(RotationReference.RopeTable(shape));
        GuardedBuffer query = harness.OutputActivations(Rows, shape.QueryWidth, queryType);
        RowList list = harness.Rows(rows);
        harness.Run(commands => new RopeStoreKernel(harness.Context).RecordRows(
            commands, input, shape, rope, list, sequences, caches[0].Layer, query.View, Rows, queryType));

        float[] queries = KernelHarness.ReadActivations(query, Rows, shape.QueryWidth, queryType);
        (float[] Keys, float[] Values)[] stored = [caches[0].Read(), caches[1].Read()];
        Bound kvBound = CachedTokens.StoredBound(kvType);
        foreach (RowEntry row in rows[..^1])
        {
            double[] prepared = [.. qkv.Skip((int)row.Row * shape.QkvWidth).Take(shape.QkvWidth).Select(value => (double)value)];
            double[] expected = RotationReference.Rotate(prepared, shape, (int)row.Position, 1);
            Comparison.AssertClose(
                queries.AsSpan((int)row.Row * shape.QueryWidth, shape.QueryWidth), expected.AsSpan(0, shape.QueryWidth),
                queryType == ActivationType.F32 ? Bounds.F32 : Bounds.F16, $"queries of row {row.Row}");
            int capacity = row.Sequence == 0 ? shape.Capacity : small.Capacity;
            for (int head = 0; head < shape.NumKvHeads; head++)
            {
                int at = ((head * capacity) + (int)row.Position) * shape.HeadDim;
                int from = shape.QueryWidth + (head * shape.HeadDim);
                Span<float> key = stored[row.Sequence].Keys.AsSpan(at, shape.HeadDim);
                Comparison.AssertClose(key, expected.AsSpan(from, shape.HeadDim), kvBound, $"key of row {row.Row}");
                Span<float> value = stored[row.Sequence].Values.AsSpan(at, shape.HeadDim);
                Comparison.AssertClose(value, expected.AsSpan(from + shape.KvWidth, shape.HeadDim), kvBound, $"value of row {row.Row}");
                key.Fill(float.NaN);
                value.Fill(float.NaN);
            }
        }

        Assert.That(stored.SelectMany(cache => cache.Keys.Concat(cache.Values)), Is.All.NaN, "what no row stores");
        Assert.That(queries.Skip(5 * shape.QueryWidth).Take(shape.QueryWidth), Is.All.NaN, "the row beyond the capacity");
        Assert.That(queries.Skip(shape.QueryWidth).Take(shape.QueryWidth), Is.All.NaN, "the row of nobody");
    }

    private static void Check(
        AttentionShape shape, ActivationType queryType, int startPosition, int seqLen, bool biased = false, bool normed = false,
        bool step = false, QkNormKind kind = QkNormKind.EachHead, bool? asSoftware = null)
    {
        const float epsilon = 1e-5f;
        AttentionShape plain = shape with { HasGates = false };
        float[] qkv = TestValues.Normal(seqLen * plain.QkvWidth, 21);
        float[] bias = TestValues.Normal(shape.QkvWidth, 22);
        float[] gains = TestValues.Normal(kind == QkNormKind.Projection ? shape.QueryWidth + shape.KvWidth : 2 * shape.HeadDim, 23);
        float[] table = RotationReference.RopeTable(shape);
        using var harness = new KernelHarness();
        GpuBuffer input = harness.UploadActivations(
            shape.HasGates ? WithGates(qkv, plain, seqLen) : qkv, seqLen, shape.QkvWidth, ActivationType.F32);
        GpuBuffer rope = harness.Upload<float>(table.Length == 0 ? [0f, 0f] : table);
        GuardedBuffer query = harness.OutputActivations(seqLen, shape.QueryWidth, queryType);
        PagedCache cache = harness.Pages(shape, null, null);
        SequenceTable sequences = harness.Sequences(cache.Keeps(harness.Stats()));
        RowList rows = harness.Rows(
            [.. Enumerable.Range(0, seqLen).Select(i => new RowEntry((uint)i, (uint)(startPosition + i), 0, 0))]);
        BufferView? biasView = biased ? (BufferView)harness.Upload<float>(bias) : null;
        QkNorm? norm = normed ? new QkNorm(harness.Upload<float>(gains), epsilon, kind) : null;
        GpuBuffer state = harness.Upload<StepState>([new StepState { Position = (uint)startPosition }]);
        harness.Run(commands =>
        {
            var kernel = new RopeStoreKernel(harness.Context with { IsSoftware = asSoftware ?? harness.Context.IsSoftware });
            if (step)
            {
                kernel.RecordStep(commands, input, shape, rope, state, query.View, cache.Layer, cache.Blocks, biasView, norm);
            }
            else
            {
                kernel.RecordRows(
                    commands, input, shape, rope, rows, sequences, cache.Layer, query.View, seqLen, queryType, biasView, norm);
            }
        });

        double[] prepared = RotationReference.Prepare(qkv, plain, seqLen, biased ? bias : null);
        double[] rotated = RotationReference.Rotate(
            normed && kind != QkNormKind.EachHeadRotated
                ? RotationReference.Normalise(prepared, plain, seqLen, gains, epsilon, kind)
                : prepared,
            plain, startPosition, seqLen);
        if (normed && kind == QkNormKind.EachHeadRotated)
        {
            rotated = RotationReference.Normalise(rotated, plain, seqLen, gains, epsilon, kind);
        }

        double[] expectedQuery = new double[seqLen * shape.QueryWidth];
        for (int token = 0; token < seqLen; token++)
        {
            double growth = 1 + (shape.Temperature.Beta * Math.Log(1 + ((startPosition + token) / shape.Temperature.Length)));
            for (int i = 0; i < shape.QueryWidth; i++)
            {
                expectedQuery[(token * shape.QueryWidth) + i] = growth * rotated[(token * plain.QkvWidth) + i];
            }
        }

        Bound queryBound = queryType == ActivationType.F32 ? Bounds.F32 : Bounds.F16;
        Comparison.AssertClose(KernelHarness.ReadActivations(query, seqLen, shape.QueryWidth, queryType), expectedQuery, queryBound);
        (float[] keys, float[] values) = cache.Read();
        CheckCache(plain, rotated, shape.QueryWidth, keys, startPosition, seqLen);
        CheckCache(plain, rotated, shape.QueryWidth + shape.KvWidth, values, startPosition, seqLen);
    }

    /// <summary>Rows with something else behind each head of Q.</summary>
    private static float[] WithGates(float[] qkv, AttentionShape shape, int seqLen)
    {
        float[] gates = TestValues.Normal(shape.HeadDim, 24);
        var all = new List<float>();
        for (int row = 0; row < seqLen; row++)
        {
            Span<float> values = qkv.AsSpan(row * shape.QkvWidth, shape.QkvWidth);
            for (int head = 0; head < shape.NumHeads; head++)
            {
                all.AddRange(values.Slice(head * shape.HeadDim, shape.HeadDim));
                all.AddRange(gates);
            }

            all.AddRange(values[shape.QueryWidth..]);
        }

        return [.. all];
    }

    private static void CheckCache(AttentionShape shape, double[] rotated, int from, float[] got, int startPosition, int seqLen)
    {
        Bound bound = CachedTokens.StoredBound(shape.KvType);
        for (int head = 0; head < shape.NumKvHeads; head++)
        {
            Span<float> slots = got.AsSpan(head * shape.Capacity * shape.HeadDim, shape.Capacity * shape.HeadDim);
            double[] expected = new double[seqLen * shape.HeadDim];
            for (int token = 0; token < seqLen; token++)
            {
                Array.Copy(
                    rotated, (token * shape.QkvWidth) + from + (head * shape.HeadDim), expected, token * shape.HeadDim, shape.HeadDim);
            }

            int first = startPosition * shape.HeadDim;
            Comparison.AssertClose(slots.Slice(first, expected.Length), expected, bound);
            Assert.That(slots[..first].ToArray(), Is.All.NaN, "positions before the first");
            Assert.That(slots[(first + expected.Length)..].ToArray(), Is.All.NaN, "positions after the last");
        }
    }
}
